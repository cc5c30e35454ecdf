//! Desktop notifications, for those who asked for them: what is worth one, how many there may be,
//! and handing them over. Whether they are wanted is the caller's to know.

mod sandboxed;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use evenkeel_dbus::UplinkState;
use tokio::sync::Mutex;
use zbus::{Connection, Variant};

use super::APPLICATION_ID;
use super::model::Model;
use super::told;
use crate::system_bus;
use crate::words::{Key, Words};

/// So many notifications may come one upon the other ...
const BURST: u32 = 4;
/// ... and then one in this time.
const REFILL: Duration = Duration::from_secs(30);
/// The notifications whose numbers are remembered, so that a newer one takes an older one's place.
const MAX_REMEMBERED: usize = 32;
/// A desktop that does not answer in this time gets no notification.
const PATIENCE: Duration = Duration::from_secs(5);

/// What happened that somebody who looks elsewhere should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Game mode ended, and not by a press in this window.
    GameModeEnded,
    /// The helper reported a problem: the error's name, and its sentence.
    Problem(String, String),
    /// An uplink stopped answering.
    Died(u32),
    /// It answers again.
    Back(u32),
    /// New flows go there now.
    Leads(u32),
}

/// What a notification is about; a newer one of the same topic replaces the older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Game mode.
    GameMode,
    /// A problem.
    Problem,
    /// One uplink's life.
    Uplink(u32),
    /// The leader.
    Leader,
}

impl News {
    /// What it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Self::GameModeEnded => Topic::GameMode,
            Self::Problem(..) => Topic::Problem,
            Self::Died(ifindex) | Self::Back(ifindex) => Topic::Uplink(*ifindex),
            Self::Leads(_) => Topic::Leader,
        }
    }

    /// Heading and text.
    pub fn say(&self, model: &Model, words: &Words) -> (String, String) {
        let named = |key, ifindex: u32| {
            let track = model.track(ifindex);
            let name = track.map_or_else(String::new, |track| model.name(track, words));
            words.tell(key, [("uplink", name.into())])
        };
        match self {
            Self::GameModeEnded => (words.say(Key::NoteEnded), words.say(Key::NoteEndedBody)),
            Self::Problem(name, sentence) => {
                let problem = told::problem(name, sentence, words);
                (words.say(Key::NoticeOwn), problem)
            }
            Self::Died(ifindex) => (named(Key::NoteDied, *ifindex), String::new()),
            Self::Back(ifindex) => (named(Key::NoteBack, *ifindex), String::new()),
            Self::Leads(ifindex) => (
                named(Key::NoteLeads, *ifindex),
                words.say(Key::NoteLeadsBody),
            ),
        }
    }
}

/// What was known at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    game_mode: bool,
    leader: Option<u32>,
    /// An error's name and sentence.
    problem: Option<(String, String)>,
    /// The uplinks that were judged: true while they answer.
    answers: BTreeMap<u32, bool>,
}

impl Known {
    /// What the model says; an uplink that is being got to know keeps what `before` said of it.
    pub fn of(model: &Model, before: &Self) -> Self {
        let judged = model.tracks.iter().filter_map(|track| {
            let ifindex = track.info.ifindex;
            let answers = match track.state() {
                UplinkState::Alive => true,
                UplinkState::Dead | UplinkState::Gone => false,
                UplinkState::Warming => *before.answers.get(&ifindex)?,
                UplinkState::Idle => return None,
            };
            Some((ifindex, answers))
        });
        let state = model.state.as_ref();
        Self {
            game_mode: model.game_mode(),
            leader: state.and_then(|state| state.leader),
            problem: state.and_then(|state| state.last_error.clone()),
            answers: judged.collect(),
        }
    }

    /// What is new in `self` over `before`; `ours` when game mode was ended by a press here.
    pub fn news(&self, before: &Self, ours: bool) -> Vec<News> {
        let mut news = Vec::new();
        if before.game_mode && !self.game_mode && !ours {
            news.push(News::GameModeEnded);
        }
        if let Some(problem) = &self.problem
            && before.problem.as_ref() != Some(problem)
        {
            news.push(News::Problem(problem.0.clone(), problem.1.clone()));
        }
        for (ifindex, answers) in &self.answers {
            match (before.answers.get(ifindex), answers) {
                (Some(true), false) => news.push(News::Died(*ifindex)),
                (Some(false), true) => news.push(News::Back(*ifindex)),
                _ => {}
            }
        }
        if let Some(leader) = self.leader
            && self.game_mode
            && before.leader.is_some_and(|before| before != leader)
        {
            news.push(News::Leads(leader));
        }
        news
    }
}

/// Lets a few through and then a few more with time.
#[derive(Debug, Clone, Copy)]
pub struct Limiter {
    left: u32,
    counted_at: Duration,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            left: BURST,
            counted_at: Duration::ZERO,
        }
    }
}

impl Limiter {
    /// True when one more may go out. `now` counts from any fixed moment.
    pub fn allows(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.counted_at);
        let more = u32::try_from(passed.as_secs() / REFILL.as_secs()).unwrap_or(u32::MAX);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(BURST);
            self.counted_at = now;
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    #[allow(
        clippy::too_many_arguments,
        reason = "so the desktop's specification has it"
    )]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Variant<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;
}

/// The way to the desktop; opened with the first notification.
#[derive(Debug, Clone, Default)]
pub struct Desktop(Arc<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    bus: Option<Connection>,
    shown: Vec<(Topic, u32)>,
    sandboxed: bool,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            bus: None,
            shown: Vec::new(),
            sandboxed: system_bus::in_sandbox(),
        }
    }
}

impl Desktop {
    /// On this bus instead of the session's, and as in a sandbox or not.
    #[cfg(test)]
    pub fn on(bus: Connection, sandboxed: bool) -> Self {
        Self(Arc::new(Mutex::new(Open {
            bus: Some(bus),
            shown: Vec::new(),
            sandboxed,
        })))
    }

    /// Shows a notification. When there is nobody to show it, that is logged and nothing else.
    pub async fn show(self, topic: Topic, summary: String, body: String) {
        let mut open = self.0.lock().await;
        let shown = tokio::time::timeout(PATIENCE, open.show(topic, &summary, &body)).await;
        match shown {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::info!("no notification: {error}"),
            Err(_) => log::info!("no notification: the desktop does not answer"),
        }
    }
}

impl Open {
    async fn show(&mut self, topic: Topic, summary: &str, body: &str) -> zbus::Result<()> {
        let bus = match &self.bus {
            Some(bus) => bus.clone(),
            None => self
                .bus
                .insert(system_bus::session().build().await?)
                .clone(),
        };
        let shown = if self.sandboxed {
            sandboxed::show(&bus, topic, summary, body).await
        } else {
            self.notify(&bus, topic, summary, body).await
        };
        if shown.is_err() {
            // The next one begins anew: the bus may have been another session's.
            self.bus = None;
        }
        shown
    }

    async fn notify(
        &mut self,
        bus: &Connection,
        topic: Topic,
        summary: &str,
        body: &str,
    ) -> zbus::Result<()> {
        let before = self.shown.iter().find(|(shown, _)| *shown == topic);
        let replaces = before.map_or(0, |(_, id)| *id);
        let hints = HashMap::from([("desktop-entry", Variant::from(APPLICATION_ID))]);
        let desktop = NotificationsProxy::new(bus).await?;
        let body = escaped(body);
        let sent = desktop.notify(
            "Evenkeel",
            replaces,
            APPLICATION_ID,
            summary,
            &body,
            &[],
            hints,
            -1,
        );
        let id = sent.await?;
        self.shown.retain(|(shown, _)| *shown != topic);
        if self.shown.len() >= MAX_REMEMBERED {
            let _ = self.shown.remove(0);
        }
        self.shown.push((topic, id));
        Ok(())
    }
}

/// A body may be read as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(game_mode: bool, leader: Option<u32>, answers: &[(u32, bool)]) -> Known {
        Known {
            game_mode,
            leader,
            problem: None,
            answers: answers.iter().copied().collect(),
        }
    }

    #[test]
    fn what_did_not_change_is_no_news_and_the_first_look_is_none_either() {
        let now = known(true, Some(2), &[(2, true), (3, false)]);
        assert_eq!(now.news(&now, false), []);
        assert_eq!(now.news(&Known::default(), false), []);
    }

    #[test]
    fn the_end_of_game_mode_is_news_unless_it_was_ended_here() {
        let (on, off) = (known(true, Some(2), &[]), known(false, None, &[]));
        assert_eq!(off.news(&on, false), [News::GameModeEnded]);
        assert_eq!(off.news(&on, true), []);
    }

    #[test]
    fn an_uplink_that_dies_and_one_that_comes_back_are_news_and_so_is_a_new_leader() {
        let before = known(true, Some(2), &[(2, true), (3, false)]);
        let after = known(true, Some(3), &[(2, false), (3, true)]);
        let news = [News::Died(2), News::Back(3), News::Leads(3)];
        assert_eq!(after.news(&before, false), news);
        // Without game mode nothing follows a leader.
        let (before, after) = (known(false, Some(2), &[]), known(false, Some(3), &[]));
        assert_eq!(after.news(&before, false), []);
    }

    #[test]
    fn a_problem_is_told_once() {
        let mut now = known(false, None, &[]);
        let (name, sentence) = ("Error.Kernel".to_owned(), "the kernel refused".to_owned());
        now.problem = Some((name.clone(), sentence.clone()));
        let news = [News::Problem(name, sentence)];
        assert_eq!(now.news(&Known::default(), false), news);
        assert_eq!(now.news(&now, false), []);
    }

    #[test]
    fn an_uplink_that_flaps_brings_a_few_notifications_and_then_one_in_a_while() {
        let mut limiter = Limiter::default();
        let sent = (0..600).filter(|second| limiter.allows(Duration::from_secs(*second)));
        // Four at once, and one every half minute of the ten.
        assert_eq!(sent.count(), 4 + 19);
    }

    proptest! {
        #[test]
        fn never_more_than_the_bound_goes_out(steps in proptest::collection::vec(0..90_u64, 1..400)) {
            let (mut limiter, mut now, mut sent) = (Limiter::default(), 0, 0);
            for step in steps {
                now += step;
                sent += u64::from(limiter.allows(Duration::from_secs(now)));
                prop_assert!(sent <= u64::from(BURST) + now / REFILL.as_secs());
            }
        }
    }

    #[test]
    fn a_body_cannot_smuggle_markup_in() {
        assert_eq!(escaped("<a> & b"), "&lt;a&gt; &amp; b");
    }
}
