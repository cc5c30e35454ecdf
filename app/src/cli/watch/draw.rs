//! The full-screen view as lines of coloured text, from the model and the size of the terminal. It
//! writes nothing anywhere.

use evenkeel_dbus::UplinkState;

use super::super::out::{escaped, millis, millis_or_dash, percent};
use super::super::words;
use super::graph::{Charset, round_up, rows, slices};
use super::model::{Model, SPAN_NS, View};

/// How a piece of text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// As the terminal likes it.
    Plain,
    /// What matters most.
    Bold,
    /// What matters least.
    Dim,
    /// Good news.
    Good,
    /// Trouble.
    Bad,
}

/// One line of the screen.
pub type Line = Vec<(Ink, String)>;

/// Rows of one graph at the most.
const MAX_GRAPH_ROWS: usize = 8;
/// Lines of a block besides its graph: head, figures, a blank.
const BLOCK_LINES: usize = 3;
/// Lines above the blocks.
const HEAD_LINES: usize = 3;
/// Lines below the blocks.
const FOOT_LINES: usize = 2;
/// Columns for the scale beside the graph.
const SCALE_COLUMNS: usize = 9;

/// The whole screen: at most `height` lines of at most `width` characters.
pub fn screen(model: &Model, width: usize, height: usize, charset: Charset) -> Vec<Line> {
    let mut lines = head(model);
    let views = model.views();
    let room = height.saturating_sub(HEAD_LINES + FOOT_LINES);
    let shown = views.len().min(room / (BLOCK_LINES - 1).max(1));
    let graph_rows = (room / shown.max(1))
        .saturating_sub(BLOCK_LINES)
        .min(MAX_GRAPH_ROWS);
    let top_ns = top(&views);
    for view in &views[..shown] {
        lines.push(block_head(view, charset));
        lines.push(figures(view));
        lines.extend(graph(
            view,
            model.now_ns,
            top_ns,
            width,
            graph_rows,
            charset,
        ));
        if graph_rows > 0 {
            lines.push(Line::new());
        }
    }
    if views.is_empty() && model.state().is_some() {
        lines.push(vec![(
            Ink::Bold,
            "No uplinks: no interface has a default gateway.".into(),
        )]);
    }
    lines.truncate(height.saturating_sub(FOOT_LINES));
    lines.resize(height.saturating_sub(FOOT_LINES), Line::new());
    lines.extend(foot(model, views.len() - shown));
    lines.truncate(height);
    lines.into_iter().map(|line| cut(line, width)).collect()
}

fn head(model: &Model) -> Vec<Line> {
    let Some(state) = model.state() else {
        return vec![
            vec![(Ink::Bold, "Evenkeel".into())],
            Line::new(),
            Line::new(),
        ];
    };
    let switch = if state.game_mode {
        (Ink::Good, "game mode ON")
    } else {
        (Ink::Plain, "game mode off")
    };
    let facts = format!(
        " | EMA {} | backend {} | a probe every {} ms | last {} s",
        state.ema_factor,
        words::backend(state.backend),
        state.probe_period_ms,
        SPAN_NS / 1_000_000_000
    );
    vec![
        vec![
            (Ink::Bold, "Evenkeel  ".into()),
            (switch.0, switch.1.into()),
            (Ink::Dim, facts),
        ],
        vec![(Ink::Plain, words::in_force(state))],
        words::aside(state).map_or_else(Line::new, |aside| vec![(Ink::Dim, aside)]),
    ]
}

fn block_head(view: &View<'_>, charset: Charset) -> Line {
    let mark = match (view.leader, charset) {
        (false, _) => "  ",
        (true, Charset::Blocks) => "▶ ",
        (true, Charset::Ascii) => "> ",
    };
    let state = match view.state {
        UplinkState::Alive => Ink::Good,
        UplinkState::Dead | UplinkState::Gone => Ink::Bad,
        UplinkState::Idle | UplinkState::Warming => Ink::Dim,
    };
    vec![
        (Ink::Good, mark.into()),
        (Ink::Bold, format!("{:<16}", escaped(&view.info.name))),
        (Ink::Plain, format!("{:<10}", words::kind(view.kind))),
        (state, format!("{:<12}", words::uplink_state(view.state))),
        (
            Ink::Plain,
            format!("share {:>7}   ", percent(view.share_permille)),
        ),
        (Ink::Dim, format!("cost {} %", view.info.cost)),
    ]
}

fn figures(view: &View<'_>) -> Line {
    let (now_ink, now) = match view.newest {
        None => (Ink::Dim, "-".to_owned()),
        Some((_, None)) => (Ink::Bad, "lost".to_owned()),
        Some((_, Some(ns))) => (Ink::Bold, millis_or_dash(Some(ns))),
    };
    let loss_ink = if view.loss_permille > 0 {
        Ink::Bad
    } else {
        Ink::Plain
    };
    let p50 = millis_or_dash(view.spread.map(|spread| spread.median_ns));
    let p99 = millis_or_dash(view.spread.map(|spread| spread.p99_ns));
    vec![
        (Ink::Dim, "  now ".into()),
        (now_ink, format!("{now:>8}")),
        (Ink::Dim, "  jitter ".into()),
        (Ink::Plain, format!("{:>8}", millis_or_dash(view.jitter_ns))),
        (Ink::Dim, "  loss ".into()),
        (loss_ink, format!("{:>7}", percent(view.loss_permille))),
        (Ink::Dim, "  p50 ".into()),
        (Ink::Plain, format!("{p50:>8}")),
        (Ink::Dim, "  p99 ".into()),
        (Ink::Plain, format!("{p99:>8}")),
    ]
}

/// The top of all graphs, so that they can be compared. One spike does not flatten the minute: it
/// is cut off.
fn top(views: &[View<'_>]) -> u64 {
    let p95 = views
        .iter()
        .filter_map(|view| view.spread)
        .map(|spread| spread.p95_ns)
        .max();
    let p95 = p95.unwrap_or(0);
    round_up(p95.saturating_add(p95 / 4))
}

fn graph(
    view: &View<'_>,
    now_ns: u64,
    top_ns: u64,
    width: usize,
    height: usize,
    charset: Charset,
) -> Vec<Line> {
    let columns = width.saturating_sub(SCALE_COLUMNS + 2);
    let slices = slices(view.samples, now_ns, SPAN_NS, columns);
    let last = height.saturating_sub(1);
    let line = |(row, bars): (usize, String)| {
        let scale = match row {
            0 => format!(" {} ms", millis(top_ns)),
            _ if row == last => " 0".to_owned(),
            _ => String::new(),
        };
        let mut line: Line = vec![(Ink::Plain, "  ".into())];
        line.extend(inked(&bars, charset.lost()));
        line.push((Ink::Dim, scale));
        line
    };
    rows(&slices, top_ns, height, charset)
        .into_iter()
        .enumerate()
        .map(line)
        .collect()
}

/// The bars, with marks of loss in their own ink.
fn inked(bars: &str, lost: char) -> Line {
    let mut line = Line::new();
    for c in bars.chars() {
        let ink = if c == lost { Ink::Bad } else { Ink::Good };
        match line.last_mut() {
            Some((last, text)) if *last == ink => text.push(c),
            _ => line.push((ink, c.into())),
        }
    }
    line
}

fn foot(model: &Model, hidden: usize) -> [Line; 2] {
    let news = if let Some(gone) = &model.gone {
        (
            Ink::Bad,
            format!("The helper is gone, waiting for it: {}", escaped(gone)),
        )
    } else if let Some(note) = &model.note {
        (Ink::Bad, escaped(note).into_owned())
    } else if hidden > 0 {
        (
            Ink::Dim,
            format!("{hidden} more uplinks; make the terminal taller"),
        )
    } else if model.dropped > 0 {
        (
            Ink::Dim,
            format!("{} frames missed; this terminal is slow", model.dropped),
        )
    } else {
        (Ink::Dim, String::new())
    };
    [
        vec![news],
        vec![(Ink::Dim, "q quit   g game mode   left/right EMA".into())],
    ]
}

fn cut(line: Line, width: usize) -> Line {
    let mut room = width;
    let mut out = Line::new();
    for (ink, text) in line {
        let length = text.chars().count();
        if length <= room {
            room -= length;
            out.push((ink, text));
        } else {
            out.push((ink, text.chars().take(room).collect()));
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use evenkeel_dbus::UplinkInfo;
    use evenkeel_dbus::feed::{Frame, Record};
    use proptest::prelude::*;

    fn model() -> Model {
        let mut model = Model::default();
        model.take_state(sample::steering());
        let probe = |n: u64| Record::Sample {
            ifindex: 3,
            at_ns: n * 200_000_000,
            rtt_ns: (n != 290).then_some(20_000_000),
            user_clock: false,
        };
        model.take_frame(&Frame {
            number: 0,
            dropped: 0,
            records: (0..300).map(probe).collect(),
        });
        model
    }

    fn text(lines: &[Line]) -> Vec<String> {
        let whole = |line: &Line| {
            line.iter()
                .map(|(_, text)| text.as_str())
                .collect::<String>()
        };
        lines
            .iter()
            .map(|line| whole(line).trim_end().to_owned())
            .collect()
    }

    #[test]
    fn two_uplinks_on_80x24_look_like_this() {
        let lines = text(&screen(&model(), 80, 24, Charset::Blocks));
        assert_eq!(lines.len(), 24);
        assert_eq!(
            lines[0],
            "Evenkeel  game mode ON | EMA 512 | backend ecmp | a probe every 200 ms | last 60"
        );
        assert!(lines[1].starts_with("Game mode is on: 99.6 %"));
        assert_eq!(
            lines[3],
            "▶ wifi0           Wi-Fi     alive       share  99.6 %   cost 100 %"
        );
        assert_eq!(
            lines[4],
            "  now  20.0 ms  jitter        -  loss   0.3 %  p50  20.0 ms  p99  20.0 ms"
        );
        assert!(
            lines[5].contains('×') && lines[5].ends_with(" 50.0 ms"),
            "{}",
            lines[5]
        );
        assert!(
            lines[10].contains("████") && lines[10].ends_with(" 0"),
            "{}",
            lines[10]
        );
        assert!(lines[12].starts_with("  wwan0           cellular  not probed"));
        assert_eq!(lines[23], "q quit   g game mode   left/right EMA");
    }

    #[test]
    fn what_is_draining_takes_the_empty_line_of_the_head() {
        let mut model = model();
        assert_eq!(text(&screen(&model, 80, 24, Charset::Blocks))[2], "");
        let mut state = sample::steering();
        state.draining = sample::draining();
        model.take_state(state);
        let lines = text(&screen(&model, 80, 24, Charset::Blocks));
        assert!(lines[2].starts_with("5 rules still keep"), "{}", lines[2]);
        assert!(lines[3].starts_with("▶ wifi0"));
    }

    #[test]
    fn a_helper_that_left_is_said_so() {
        let mut model = model();
        model.gone = Some("it was stopped".into());
        let lines = text(&screen(&model, 80, 24, Charset::Blocks));
        assert_eq!(
            lines[22],
            "The helper is gone, waiting for it: it was stopped"
        );
    }

    #[test]
    fn uplinks_that_do_not_fit_are_counted() {
        let mut state = sample::steering();
        state.uplinks = (1..=16)
            .map(|ifindex| UplinkInfo {
                ifindex,
                ..sample::modem()
            })
            .collect();
        let mut model = Model::default();
        model.take_state(state);
        let lines = text(&screen(&model, 80, 15, Charset::Ascii));
        assert!(
            lines
                .iter()
                .any(|line| line == "11 more uplinks; make the terminal taller"),
            "{lines:#?}"
        );
    }

    proptest! {
        #[test]
        fn it_fits_every_terminal(width in 0_usize..200, height in 0_usize..80, count in 0_u32..20) {
            let mut model = model();
            let mut state = sample::steering();
            state.uplinks = (3..3 + count).map(|ifindex| UplinkInfo { ifindex, ..sample::wifi() }).collect();
            model.take_state(state);
            let lines = text(&screen(&model, width, height, Charset::Blocks));
            prop_assert_eq!(lines.len(), height);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
        }
    }
}
