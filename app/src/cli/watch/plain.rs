//! `watch` as lines, for pipes, logs and scripts: one line per uplink and second, and one whenever
//! what is in force changes. The text only, not the clock.

use std::fmt::Write;

use super::super::out::{escaped, millis_or_dash, percent};
use super::super::words;
use super::model::{Model, View};

/// Turns the model into lines, and remembers what was said already.
#[derive(Debug, Default)]
pub struct Lines {
    said: String,
}

impl Lines {
    /// The line about what is in force, when it is news.
    pub fn news(&mut self, model: &Model, seconds: u64) -> String {
        let news = match (&model.gone, model.state()) {
            (Some(gone), _) => format!("the helper is gone, waiting for it: {}", escaped(gone)),
            (None, Some(state)) => match words::aside(state) {
                Some(aside) => format!("{} {aside}", words::in_force(state)),
                None => words::in_force(state),
            },
            (None, None) => return String::new(),
        };
        if news == self.said {
            return String::new();
        }
        self.said = news;
        format!("{seconds:>5} s  {}\n", self.said)
    }

    /// One line for each uplink; none while the helper is gone.
    pub fn round(model: &Model, seconds: u64) -> String {
        if model.gone.is_some() {
            return String::new();
        }
        model.views().iter().fold(String::new(), |mut out, view| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{seconds:>5} s  {}", line(view));
            out
        })
    }
}

fn line(view: &View<'_>) -> String {
    let now = match view.newest {
        None => "-".to_owned(),
        Some((_, None)) => "lost".to_owned(),
        Some((_, Some(ns))) => millis_or_dash(Some(ns)),
    };
    format!(
        "{} {:<15}  {:<10}  now {:>7}  jitter {:>7}  loss {:>7}  p50 {:>7}  p99 {:>7}  share {:>7}",
        if view.leader { '*' } else { ' ' },
        escaped(&view.info.name),
        words::uplink_state(view.state),
        now,
        millis_or_dash(view.jitter_ns),
        percent(view.loss_permille),
        millis_or_dash(view.spread.map(|spread| spread.median_ns)),
        millis_or_dash(view.spread.map(|spread| spread.p99_ns)),
        percent(view.share_permille),
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use evenkeel_dbus::feed::{Frame, Record};

    #[test]
    fn a_round_is_one_line_per_uplink() {
        let mut model = Model::default();
        model.take_state(sample::steering());
        let rtt_ns = Some(20_000_000);
        let probe = Record::Sample {
            ifindex: 3,
            at_ns: 1,
            rtt_ns,
            user_clock: false,
        };
        model.take_frame(&Frame {
            number: 0,
            dropped: 0,
            records: vec![probe],
        });
        assert_eq!(
            Lines::round(&model, 7),
            "    7 s  * wifi0            alive       now 20.0 ms  jitter       -  loss   0.0 %  \
             p50 20.0 ms  p99 20.0 ms  share  99.6 %\n    \
             7 s    wwan0            not probed  now       -  jitter       -  loss   0.0 %  \
             p50       -  p99       -  share   0.4 %\n"
        );
    }

    #[test]
    fn news_is_said_once() {
        let mut lines = Lines::default();
        let mut model = Model::default();
        assert_eq!(lines.news(&model, 0), "");
        model.take_state(sample::steering());
        assert!(
            lines
                .news(&model, 1)
                .starts_with("    1 s  Game mode is on")
        );
        assert_eq!(lines.news(&model, 2), "");
        let mut draining = sample::steering();
        draining.draining = sample::draining();
        model.take_state(draining);
        let said = lines.news(&model, 3);
        assert!(
            said.contains("5 rules still keep") && said.lines().count() == 1,
            "{said}"
        );
        model.gone = Some("stopped".into());
        assert_eq!(
            lines.news(&model, 3),
            "    3 s  the helper is gone, waiting for it: stopped\n"
        );
        assert_eq!(Lines::round(&model, 3), "");
    }
}
