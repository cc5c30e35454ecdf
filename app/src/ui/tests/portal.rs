//! The desktop's preference over a real bus: a private one, with a stand-in for the portal on it.

use futures_util::StreamExt;
use iced::futures::channel::mpsc;
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, Variant, fdo};

use super::session::Bus;
use crate::ui::portal;
use crate::ui::theme::Look;

const PATH: &str = "/org/freedesktop/portal/desktop";
const NAME: &str = "org.freedesktop.portal.Desktop";
const APPEARANCE: &str = "org.freedesktop.appearance";

/// What a desktop says; an old one only knows the older question.
struct Portal {
    color_scheme: u32,
    old: bool,
}

#[zbus::interface(name = "org.freedesktop.portal.Settings")]
impl Portal {
    fn read_one(&self, namespace: &str, key: &str) -> fdo::Result<OwnedVariant> {
        if self.old {
            return Err(fdo::Error::UnknownMethod("ReadOne".to_owned()));
        }
        self.answer(namespace, key, |value| value)
    }

    fn read(&self, namespace: &str, key: &str) -> fdo::Result<OwnedVariant> {
        self.answer(namespace, key, |value| Variant::Variant(Box::new(value)))
    }

    #[zbus(signal)]
    async fn setting_changed(
        emitter: &SignalEmitter<'_>,
        namespace: &str,
        key: &str,
        value: Variant<'_>,
    ) -> zbus::Result<()>;
}

impl Portal {
    fn answer(
        &self,
        namespace: &str,
        key: &str,
        wrap: impl FnOnce(Variant<'static>) -> Variant<'static>,
    ) -> fdo::Result<OwnedVariant> {
        if (namespace, key) != (APPEARANCE, "color-scheme") {
            return Err(fdo::Error::Failed("Requested setting not found".to_owned()));
        }
        let value = wrap(Variant::U32(self.color_scheme));
        OwnedVariant::try_from(value).map_err(|error| fdo::Error::Failed(error.to_string()))
    }
}

async fn serve(bus: &Bus, portal: Portal) -> zbus::Connection {
    bus.serve(NAME, PATH, portal).await
}

async fn change(served: &zbus::Connection, key: &str, value: u32) {
    let emitter = SignalEmitter::new(served, PATH).unwrap();
    let value = Variant::U32(value);
    Portal::setting_changed(&emitter, APPEARANCE, key, value)
        .await
        .unwrap();
}

fn follow(bus: &Bus) -> mpsc::Receiver<Look> {
    let (mut looks, heard) = mpsc::channel(1);
    let address = bus.address.clone();
    drop(tokio::spawn(async move {
        let builder = Builder::address(address.as_str());
        let connection = builder.build().await.unwrap();
        let _ = portal::follow_on(&connection, &mut looks).await;
    }));
    heard
}

#[tokio::test]
async fn the_preference_is_asked_for_and_followed() {
    let bus = Bus::start();
    let portal = Portal {
        color_scheme: 2,
        old: false,
    };
    let served = serve(&bus, portal).await;
    let mut heard = follow(&bus);
    assert_eq!(heard.next().await, Some(Look::Light));
    change(&served, "color-scheme", 1).await;
    assert_eq!(heard.next().await, Some(Look::Dark));
    change(&served, "contrast", 1).await;
    assert_eq!(heard.next().await, Some(Look::HighContrast));
    change(&served, "contrast", 0).await;
    assert_eq!(heard.next().await, Some(Look::Dark));
}

#[tokio::test]
async fn an_older_portal_is_asked_in_its_own_way() {
    let bus = Bus::start();
    let portal = Portal {
        color_scheme: 2,
        old: true,
    };
    let _served = serve(&bus, portal).await;
    assert_eq!(follow(&bus).next().await, Some(Look::Light));
}

#[tokio::test]
async fn a_desktop_without_a_portal_is_dark() {
    let bus = Bus::start();
    assert_eq!(follow(&bus).next().await, Some(Look::Dark));
}
