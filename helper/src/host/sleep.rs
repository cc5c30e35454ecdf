//! logind's word that the machine woke up (org.freedesktop.login1(5)). It delays no sleep, and it
//! knows nothing of what the network managers do afterwards.

use std::future::ready;

use futures_util::StreamExt;
use zbus::proxy::{Builder, CacheProperties};
use zbus::{Connection, Message, Proxy};

use super::{LOGIND, News};

/// One item for each time that the machine wakes up. logind need not run, now or ever: it is not
/// started by this, and only what the owner of its name says counts.
///
/// # Errors
///
/// When the bus does not take the subscription.
pub async fn resumes(connection: &Connection) -> zbus::Result<News> {
    let logind: Proxy<'static> = Builder::new(connection)
        .destination(LOGIND)
        .path("/org/freedesktop/login1")
        .interface("org.freedesktop.login1.Manager")
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let signals = logind.receive_signal("PrepareForSleep").await?;
    let resumes = signals
        .scan(Last::default(), |last, signal| {
            ready(Some(last.is_resume(&signal)))
        })
        .filter_map(|is_resume| ready(is_resume.then_some(())));
    Ok(News::of(resumes))
}

/// What was announced last: some versions of logind announce the same thing twice.
#[derive(Default)]
struct Last {
    asleep: Option<bool>,
}

impl Last {
    fn is_resume(&mut self, signal: &Message) -> bool {
        let Ok(start) = signal.body().deserialize::<bool>() else {
            return false;
        };
        let again = self.asleep.replace(start) == Some(start);
        !start && !again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(start: bool) -> Message {
        Message::signal("/x", "a.b", "PrepareForSleep")
            .build(&start)
            .unwrap()
    }

    #[test]
    fn a_resume_counts_once_however_often_it_is_announced() {
        let mut last = Last::default();
        let heard = [false, true, true, false, false, true, false].map(signal);
        let seen: Vec<bool> = heard.iter().map(|one| last.is_resume(one)).collect();
        assert_eq!(seen, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn a_signal_with_something_else_in_it_is_no_resume() {
        let odd = Message::signal("/x", "a.b", "PrepareForSleep")
            .build(&"false")
            .unwrap();
        assert!(!Last::default().is_resume(&odd));
    }
}
