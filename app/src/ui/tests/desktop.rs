//! The window's two dealings with the session bus, on a real bus of the test's own: a second start,
//! and notifications shown by a stand-in for the desktop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use evenkeel_dbus::UplinkState;
use iced::Size;
use iced::futures::StreamExt as _;
use zbus::OwnedVariant;

use super::session::Bus;
use super::{FIRST, Scene, lead_with};
use crate::ui::app::Message;
use crate::ui::bus;
use crate::ui::instance::{self, Event};
use crate::ui::notify::{Desktop, Topic};
use crate::words::Language;

#[tokio::test]
async fn the_second_start_raises_the_first_and_the_first_needs_nobody() {
    let bus = Bus::start();
    let (first, second) = (bus.connect().await, bus.connect().await);
    let raise = instance::raise;
    assert!(!raise(&second, false).await.unwrap(), "nobody is there");

    let (mut sender, mut events) = iced::futures::channel::mpsc::channel(4);
    instance::serve_on(&first, false, &mut sender)
        .await
        .unwrap();
    for strip in [false, true] {
        assert!(raise(&second, strip).await.unwrap());
        assert_eq!(events.next().await, Some(Event::Raise(strip)));
    }

    // Two starts at the same moment: the slower one learns it when it wants the name.
    let (mut sender, mut late) = iced::futures::channel::mpsc::channel(4);
    instance::serve_on(&second, true, &mut sender)
        .await
        .unwrap();
    assert_eq!(late.next().await, Some(Event::Second));
    assert_eq!(events.next().await, Some(Event::Raise(true)));

    drop(first);
    let third = bus.connect().await;
    // The bus needs a moment to see that the first one left.
    while raise(&third, false).await.is_ok_and(|raised| raised) {}
}

/// What a desktop was asked to show: the number it replaces, heading and text.
type Shown = Arc<Mutex<Vec<(u32, String, String)>>>;

struct Notifications(Shown);

#[zbus::interface(name = "org.freedesktop.Notifications")]
#[allow(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "so the desktop's specification has it"
)]
impl Notifications {
    fn notify(
        &self,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expire_timeout: i32,
    ) -> u32 {
        assert_eq!(app_name, "Evenkeel");
        assert_eq!(app_icon, crate::ui::APPLICATION_ID);
        assert!(actions.is_empty() && hints.contains_key("desktop-entry"));
        assert_eq!(expire_timeout, -1);
        let mut shown = self.0.lock().unwrap();
        shown.push((replaces_id, summary, body));
        if replaces_id == 0 {
            shown.len() as u32
        } else {
            replaces_id
        }
    }
}

#[tokio::test]
async fn a_newer_notification_of_a_topic_takes_the_older_ones_place() {
    let bus = Bus::start();
    let shown = Shown::default();
    let stand_in = Notifications(Arc::clone(&shown));
    let (name, path) = (
        "org.freedesktop.Notifications",
        "/org/freedesktop/Notifications",
    );
    let _served = bus.serve(name, path, stand_in).await;

    let desktop = Desktop::on(bus.connect().await, false);
    let show = |topic, body: &str| desktop.clone().show(topic, "s".into(), body.into());
    show(Topic::Uplink(3), "gone").await;
    show(Topic::Leader, "<usb0>").await;
    show(Topic::Uplink(3), "back").await;
    let shown = shown.lock().unwrap();
    let of: Vec<_> = shown
        .iter()
        .map(|(id, _, body)| (*id, body.as_str()))
        .collect();
    assert_eq!(of, [(0, "gone"), (0, "&lt;usb0&gt;"), (1, "back")]);
}

/// What a portal was asked to show: by which name, heading and text.
type Added = Arc<Mutex<Vec<(String, String, String)>>>;

struct Portal(Added);

#[zbus::interface(name = "org.freedesktop.portal.Notification")]
impl Portal {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "so the portal's specification has it"
    )]
    fn add_notification(&self, id: String, notification: HashMap<String, OwnedVariant>) {
        let text = |key| {
            let value = notification.get(key).cloned();
            value.map_or_else(String::new, |value| String::try_from(value).unwrap())
        };
        let mut added = self.0.lock().unwrap();
        added.push((id, text("title"), text("body")));
    }
}

#[tokio::test]
async fn out_of_a_sandbox_a_notification_goes_by_the_portal_as_plain_text() {
    let bus = Bus::start();
    let added = Added::default();
    let stand_in = Portal(Arc::clone(&added));
    let (name, path) = (
        "org.freedesktop.portal.Desktop",
        "/org/freedesktop/portal/desktop",
    );
    let _served = bus.serve(name, path, stand_in).await;

    let desktop = Desktop::on(bus.connect().await, true);
    let show = |topic, body: &str| desktop.clone().show(topic, "s".into(), body.into());
    show(Topic::Uplink(3), "<usb0> & more").await;
    show(Topic::GameMode, "").await;
    show(Topic::Uplink(3), "back").await;
    let added = added.lock().unwrap();
    let of: Vec<_> = added
        .iter()
        .map(|(id, title, body)| (id.as_str(), title.as_str(), body.as_str()))
        .collect();
    assert_eq!(
        of,
        [
            ("uplink-3", "s", "<usb0> & more"),
            ("game-mode", "s", ""),
            ("uplink-3", "s", "back")
        ]
    );
}

#[tokio::test]
async fn a_desktop_that_shows_nothing_is_no_trouble() {
    let bus = Bus::start();
    for sandboxed in [false, true] {
        let desktop = Desktop::on(bus.connect().await, sandboxed);
        desktop
            .show(Topic::GameMode, "s".into(), String::new())
            .await;
    }
}

/// How many notifications come of an uplink's death and another's lead.
fn told(notify: bool, focused: bool) -> usize {
    let mut scene = Scene::ecmp(2, Language::English, Size::new(1280.0, 800.0));
    scene.app.choose(|settings| settings.notify = notify);
    let window = if focused {
        iced::window::Event::Focused
    } else {
        iced::window::Event::Unfocused
    };
    let _ = scene.app.update(Message::Window(window));
    scene.tell(|state| lead_with(state, Some(FIRST), true));
    lead_with(&mut scene.state, Some(FIRST + 1), true);
    scene.state.uplinks[0].state = UplinkState::Dead.to_wire();
    let state = bus::Event::State(Box::new(scene.state));
    scene.app.update(Message::Bus(state)).units()
}

#[test]
fn only_who_asked_for_notifications_and_looks_elsewhere_gets_them() {
    assert_eq!(told(true, false), 2);
    assert_eq!(told(true, true), 0);
    assert_eq!(told(false, false), 0);
}
