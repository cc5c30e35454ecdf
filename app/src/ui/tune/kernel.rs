//! What a patched kernel really does here: tried out once for each boot, told in a sentence, beside what
//! was measured and the figures by which the kernel compares its paths.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Fill, Task};

use evenkeel_core::ab;
use evenkeel_dbus::measurement::Subject;
use evenkeel_dbus::{Figures, Lowpower, PatchKind};

use super::Message;
use crate::kernel_check::forbidden::Why;
use crate::kernel_check::kept::{self, Validity};
use crate::kernel_check::{self, Failed, Report, Sysctls, Verdict};
use crate::measure::history::History;
use crate::measure::{Snapshot, said};
use crate::state::HelperState;
use crate::ui::model::{Model, Track};
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// What tells more than the window can.
const COMMAND: &str = "sudo evenkeel doctor --kernel";

/// What came of looking.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// What the kernel does, or why that is not known.
    pub outcome: Result<Report, Failed>,
    /// The last measurement of the power cost that had a verdict.
    pub measured: Option<Box<Snapshot>>,
}

/// What the card remembers.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    tried: Option<Tried>,
    /// What it was begun for last.
    asked: Option<Validity>,
    under_way: bool,
}

impl Kernel {
    /// Begins to look, if this kernel under these settings was not looked at. What an earlier window
    /// found on this boot will do, unless `anew`.
    pub(super) fn look(&mut self, state: Option<&HelperState>, anew: bool) -> Task<Message> {
        let Some(state) = state.filter(|state| state.lowpower == Lowpower::Present) else {
            return Task::none();
        };
        // Without the boot, which is looked up beside the window: it stays the same while it is open.
        let wanted = validity(state, "");
        if self.under_way || (!anew && self.asked.as_ref() == Some(&wanted)) {
            return Task::none();
        }
        self.asked = Some(wanted);
        self.under_way = true;
        let state = state.clone();
        Task::perform(
            async move { Box::new(attempt(&state, anew).await) },
            Message::Tried,
        )
    }

    pub(super) fn tried(&mut self, tried: Tried) {
        self.under_way = false;
        self.tried = Some(tried);
    }

    /// The card; none on a kernel without the patch.
    pub(super) fn view<'a>(
        &'a self,
        model: &'a Model,
        state: &'a HelperState,
        words: &'a Words,
        room: Room,
    ) -> Option<Element<'a, Message>> {
        if state.lowpower != Lowpower::Present {
            return None;
        }
        let again = match (&self.tried, self.under_way) {
            (_, true) => None,
            (None, false) => Some(Key::KernelTry),
            (Some(_), false) => Some(Key::KernelAgain),
        };
        let again = again.map(|key| {
            let label = words.say(key);
            parts::press("kernel-try", label, false, Some(Message::TryKernel))
        });
        let top = row![container(bold(words.say(Key::KernelTitle), theme::HEADING)).width(Fill)]
            .push(again)
            .spacing(10)
            .align_y(Alignment::Center);
        let whose = match state.patch {
            PatchKind::None | PatchKind::Original => Key::KernelOriginal,
            PatchKind::Steady => Key::KernelOurs,
            PatchKind::Busy => Key::KernelOursBusy,
        };
        let measured = self.tried.as_ref().map(|tried| {
            let last = tried.measured.as_deref();
            last.map_or_else(
                || words.say(Key::KernelUnmeasured),
                |last| measured(last, words),
            )
        });
        let inside = column![top, text(self.says(words)).size(theme::BODY)]
            .push(measured.map(text))
            .push(quiet(words.say(whose)))
            .push(figures(model, words))
            .spacing(8);
        Some(parts::card(inside, room).width(Fill).into())
    }

    /// The sentence.
    fn says(&self, words: &Words) -> String {
        let Some(tried) = self.tried.as_ref().filter(|_| !self.under_way) else {
            return words.say(if self.under_way {
                Key::KernelTrying
            } else {
                Key::KernelUntried
            });
        };
        let report = match &tried.outcome {
            Ok(report) => report,
            Err(Failed::Forbidden(Why::Flatpak)) => return words.say(Key::KernelFlatpak),
            Err(Failed::Forbidden(_)) => {
                return words.tell(Key::KernelForbidden, [("command", COMMAND.into())]);
            }
            Err(Failed::Broken(_)) => return words.say(Key::KernelBroken),
        };
        let first = words.say(match report.ordinary.verdict {
            Verdict::StockHashing | Verdict::NoEffect => Key::KernelNoEffect,
            Verdict::FirstOnly => Key::KernelFirstOnly,
            Verdict::BusyWins => Key::KernelBusyWins,
            Verdict::SteadyWins => Key::KernelSteadyWins,
            Verdict::Unclear => Key::KernelUnclear,
        });
        let more = match report.says_more() {
            Some(Verdict::BusyWins) => Key::KernelKeepingBusy,
            Some(Verdict::SteadyWins) => Key::KernelKeepingSteady,
            _ => return first,
        };
        format!("{first} {}", words.say(more))
    }
}

fn measured(last: &Snapshot, words: &Words) -> String {
    let verdict = match last.outcome.map(|outcome| outcome.verdict) {
        Some(ab::Verdict::Better) => Key::MeasureWordBetter,
        Some(ab::Verdict::Worse) => Key::MeasureWordWorse,
        Some(ab::Verdict::NoDifference) => Key::MeasureWordSame,
        None => Key::MeasureWordNone,
    };
    // No uplink has a part in it.
    let no_uplink = |ifindex: u32| format!("if{ifindex}");
    let what = said::versus(last, &no_uplink, words);
    let verdict = words.say(verdict);
    let values = [("what", what.into()), ("verdict", verdict.into())];
    words.tell(Key::KernelMeasured, values)
}

/// Each uplink's load and its variability, and where they come from.
fn figures<'a>(model: &'a Model, words: &'a Words) -> Option<Element<'a, Message>> {
    let source = |track: &&Track| Figures::from_wire(track.info.figures);
    let known: Vec<&Track> = model
        .tracks
        .iter()
        .filter(|track| source(track) != Figures::None)
        .collect();
    let from = match known.first().map(source)? {
        Figures::Kernel => Key::KernelFiguresTold,
        Figures::Estimated | Figures::None => Key::KernelFiguresEstimated,
    };
    let rows = known.into_iter().map(|track| {
        let mark = theme::uplink_shape(track.slot);
        let mark = text(mark).style(theme::ink(Ink::Uplink(track.slot)));
        let kilo = |bytes: u64| words.number(bytes as f64 / 1000.0, 1);
        let figures = words.tell(
            Key::KernelFigures,
            [
                ("load", kilo(track.info.load_bytes_s).into()),
                ("variability", kilo(track.info.variability_bytes_s).into()),
            ],
        );
        let name = container(text(model.name(track, words))).width(Fill);
        row![mark, name, text(figures)].spacing(8).into()
    });
    Some(column(rows).push(quiet(words.say(from))).spacing(4).into())
}

/// What an outcome holds for.
fn validity(state: &HelperState, boot: &str) -> Validity {
    let sysctls = Sysctls {
        ema_k_factor: i64::from(state.ema_factor),
        power_cost_weight: i64::from(state.power_cost_weight),
        prefer_busy: match state.patch {
            PatchKind::None | PatchKind::Original => None,
            PatchKind::Steady => Some(0),
            PatchKind::Busy => Some(1),
        },
    };
    Validity::new(boot, &state.kernel_release, Some(sysctls))
}

/// Looks up what is kept, or tries it out. Beside the window.
async fn attempt(state: &HelperState, anew: bool) -> Tried {
    let now = validity(state, &kept::boot_id());
    let directory = kept::directory();
    let known = directory.as_deref().filter(|_| !anew);
    let outcome = match known.and_then(|directory| kept::read(directory, &now)) {
        Some(report) => Ok(report),
        None => kernel_check::check().await,
    };
    if let (Some(directory), Ok(report)) = (directory, &outcome)
        && report.ordinary.verdict != Verdict::Unclear
        && let Err(error) = kept::write(&directory, now, report.clone())
    {
        log::info!("what the kernel does is not kept: {error}");
    }
    Tried {
        outcome,
        measured: tokio::task::spawn_blocking(last_measured)
            .await
            .unwrap_or_default(),
    }
}

/// The newest kept measurement of the power cost.
fn last_measured() -> Option<Box<Snapshot>> {
    let history = History::of_user(|name| std::env::var(name).ok())?;
    let kept = history.list().ok()?.into_iter().flatten();
    let mut kernels = kept.filter(|kept| kept.snapshot.subject() == Subject::PowerCost);
    kernels.next().map(|kept| Box::new(kept.snapshot))
}
