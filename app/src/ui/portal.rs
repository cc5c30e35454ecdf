//! What the desktop prefers, asked of its portal on the session bus and followed from then on. A
//! desktop without a portal prefers nothing.

use futures_util::stream::StreamExt;
use iced::futures::channel::mpsc::Sender;
use iced::futures::{SinkExt, Stream};

use zbus::{Connection, OwnedVariant, Variant, fdo, proxy};

use super::theme::Look;

/// The settings that say how windows should look.
const APPEARANCE: &str = "org.freedesktop.appearance";
/// 0: no preference, 1: dark, 2: light.
const COLOR_SCHEME: &str = "color-scheme";
/// 0: ordinary, 1: high.
const CONTRAST: &str = "contrast";

#[proxy(
    interface = "org.freedesktop.portal.Settings",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop"
)]
trait Settings {
    fn read_one(&self, namespace: &str, key: &str) -> zbus::Result<OwnedVariant>;
    /// What `read_one` replaced; its value is wrapped once more.
    fn read(&self, namespace: &str, key: &str) -> zbus::Result<OwnedVariant>;
    #[zbus(signal)]
    fn setting_changed(
        &self,
        namespace: String,
        key: String,
        value: Variant<'_>,
    ) -> zbus::Result<()>;
}

/// The two settings as the desktop gave them; what it does not know is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Appearance {
    color_scheme: u32,
    contrast: u32,
}

impl Appearance {
    fn look(self) -> Look {
        match (self.color_scheme, self.contrast) {
            (_, 1) => Look::HighContrast,
            (2, _) => Look::Light,
            _ => Look::Dark,
        }
    }

    fn set(&mut self, key: &str, value: &Variant<'_>) {
        let value = number(value);
        match key {
            COLOR_SCHEME => self.color_scheme = value,
            CONTRAST => self.contrast = value,
            _ => {}
        }
    }
}

fn number(value: &Variant<'_>) -> u32 {
    match value {
        Variant::U32(number) => *number,
        Variant::Variant(inner) => number(inner),
        _ => 0,
    }
}

/// Follows the desktop's preference; ends where there is none to follow.
pub fn follow() -> impl Stream<Item = Look> {
    iced::stream::channel(1, async |mut looks: Sender<Look>| {
        let followed = match crate::system_bus::session().build().await {
            Ok(bus) => follow_on(&bus, &mut looks).await,
            Err(error) => Err(error),
        };
        if let Err(error) = followed {
            log::info!("the desktop's preference: {error}");
        }
    })
}

/// Follows it on one bus connection until that connection ends.
pub(super) async fn follow_on(bus: &Connection, looks: &mut Sender<Look>) -> zbus::Result<()> {
    let portal = SettingsProxy::new(bus).await?;
    let mut changes = portal
        .receive_setting_changed_with_args(&[(0, APPEARANCE)])
        .await?;
    let mut appearance = Appearance::default();
    for key in [COLOR_SCHEME, CONTRAST] {
        match read(&portal, key).await {
            Ok(value) => appearance.set(key, &value),
            Err(error) => log::debug!("{key}: {error}"),
        }
    }
    let _ = looks.send(appearance.look()).await;
    while let Some(change) = changes.next().await {
        let Ok(args) = change.args() else { continue };
        appearance.set(args.key(), args.value());
        let _ = looks.send(appearance.look()).await;
    }
    Ok(())
}

async fn read(portal: &SettingsProxy<'_>, key: &str) -> zbus::Result<OwnedVariant> {
    match portal.read_one(APPEARANCE, key).await {
        Err(zbus::Error::FDO(error)) if matches!(*error, fdo::Error::UnknownMethod(_)) => {
            portal.read(APPEARANCE, key).await
        }
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_contrast_comes_before_light_and_dark_is_what_remains() {
        let look = |color_scheme, contrast| {
            let appearance = Appearance {
                color_scheme,
                contrast,
            };
            appearance.look()
        };
        assert_eq!(look(2, 1), Look::HighContrast);
        assert_eq!(look(2, 0), Look::Light);
        assert_eq!(look(1, 0), Look::Dark);
        assert_eq!(look(0, 0), Look::Dark);
        assert_eq!(look(77, 77), Look::Dark);
    }

    #[test]
    fn a_wrapped_number_is_a_number_and_anything_else_is_no_preference() {
        assert_eq!(number(&Variant::U32(2)), 2);
        assert_eq!(number(&Variant::Variant(Box::new(Variant::U32(2)))), 2);
        assert_eq!(number(&Variant::Str("light".into())), 0);
        let mut appearance = Appearance::default();
        appearance.set("accent-color", &Variant::U32(2));
        assert_eq!(appearance.look(), Look::Dark);
    }
}
