//! The marks of spikes below the graph: who is blamed, as a drawing on the lower edge, and as a word
//! where there are few.

use evenkeel_core::blame::{Culprit, Spike};
use iced::Point;
use iced::widget::canvas::{Frame, Path};

use super::labels::Labels;
use super::{Paper, text_width};
use crate::ui::blame;

/// The side of a drawing, and what it lies on.
const SIZE: f32 = 14.0;
const GROUND: f32 = 10.0;
/// Marks nearer than this would lie on each other: the worst of them is drawn.
const APART: f32 = 18.0;
/// More marks than this have no words: too many words say nothing.
const MOST_WORDS: usize = 6;

/// A mark at a place on the lower edge.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    x: f32,
    culprit: Culprit,
}

/// Paints the marks, and says who is blamed where there is room.
pub fn paint(on: Paper<'_>, mut labels: Option<&mut Labels>, frame: &mut Frame) {
    let (from_ns, to_ns) = (on.plot.start_ns(), on.plot.end_ns);
    let spikes = on.chart.model.spikes.between(from_ns, to_ns);
    // One that reaches in from before has its mark out of view.
    let spikes = spikes.filter(|spike| middle_ns(spike) >= from_ns);
    let marks = marks(spikes, |spike| on.plot.x(middle_ns(spike)));
    let few = marks.len() <= MOST_WORDS;
    for Mark { x, culprit } in marks {
        let color = on.palette.ink(blame::ink(culprit));
        let center = Point::new(x + 0.5, on.plot.bottom());
        frame.fill(&Path::circle(center, GROUND), on.palette.card);
        blame::paint(frame, culprit, center, SIZE, color);
        if let Some(labels) = labels.as_deref_mut().filter(|_| few) {
            let text = on.chart.words.say(blame::who(culprit));
            labels.say(x, text_width(&text), text, color);
        }
    }
}

/// The moment that stands for a spike.
pub fn middle_ns(spike: &Spike) -> u64 {
    spike.from_ns.midpoint(spike.until_ns)
}

/// Where marks go: of those too near to each other, the worst one.
fn marks<'a>(spikes: impl Iterator<Item = &'a Spike>, x: impl Fn(&Spike) -> f32) -> Vec<Mark> {
    let mut all: Vec<&Spike> = spikes.collect();
    all.sort_by_key(|spike| std::cmp::Reverse(badness(spike)));
    let mut marks: Vec<Mark> = Vec::new();
    for spike in all {
        let x = x(spike);
        if marks.iter().all(|mark| (mark.x - x).abs() >= APART) {
            let culprit = spike.blame.culprit;
            marks.push(Mark { x, culprit });
        }
    }
    marks
}

/// A loss is worse than any delay.
fn badness(spike: &Spike) -> (u32, u64) {
    (spike.lost, spike.worst_ns.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::blame::{Blame, Evidence, Rule};

    fn spike(at_ns: u64, worst_ms: u64, lost: u32, culprit: Culprit) -> Spike {
        Spike {
            uplink: Some(3),
            from_ns: at_ns,
            until_ns: at_ns + 2,
            usual_ns: None,
            worst_ns: Some(worst_ms * 1_000_000),
            sent: 1,
            stood_out: 1,
            lost,
            blame: Blame {
                culprit,
                rule: Rule::Near,
            },
            evidence: Evidence::default(),
        }
    }

    #[test]
    fn of_neighbours_the_worst_is_marked_and_marks_never_lie_on_each_other() {
        let spikes = [
            spike(100, 90, 0, Culprit::WiFi),
            spike(110, 40, 2, Culprit::Line),
            spike(112, 300, 0, Culprit::Internet),
            spike(200, 30, 0, Culprit::Device),
        ];
        let mut found = marks(spikes.iter(), |spike| middle_ns(spike) as f32);
        found.sort_by(|one, other| one.x.total_cmp(&other.x));
        let who: Vec<(f32, Culprit)> = found.iter().map(|mark| (mark.x, mark.culprit)).collect();
        assert_eq!(who, [(111.0, Culprit::Line), (201.0, Culprit::Device)]);
        for pair in found.windows(2) {
            assert!(pair[1].x - pair[0].x >= APART);
        }
    }
}
