//! `evenkeel plan`: what game mode would do to the routes of each IP version, asked of the helper
//! and shown as text or JSON. It computes no plan of its own and changes nothing.

use std::fmt::Write as _;
use std::io::Write;

use evenkeel_dbus::{Backend, FamilyInfo, Reason, Way};
use serde::Serialize;

use super::args::PlanArgs;
use super::exit::Failure;
use super::out::{escaped, json};
use super::status::{self, Family};
use super::words;
use crate::state::HelperState;
use crate::steering::{self, family_name};

/// Raised only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// Shows the plan.
///
/// # Errors
/// When the helper cannot be reached or the output cannot be written.
pub async fn run(args: &PlanArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let state = status::read().await?;
    if args.json {
        writeln!(out, "{}", json(&Report::of(&state))?)?;
    } else {
        out.write_all(text(&state).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// The plan for people, lines ended.
fn text(state: &HelperState) -> String {
    if state.backend == Backend::Lowpower {
        return "The patched kernel chooses the path itself: game mode changes no routes.\n".into();
    }
    if state.families.is_empty() {
        let why = words::reason(state.reason);
        return format!("Game mode would change no routes: {why}.\n");
    }
    let mut out = String::new();
    for family in &state.families {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}: {}",
            family_name(family.family),
            sentence(state, family)
        );
        for step in steps(state, family) {
            let _ = writeln!(out, "  {}", escaped(step));
        }
    }
    if let Some(draining) = words::draining(state.draining) {
        let _ = writeln!(out, "{draining}");
    }
    if state.families.iter().all(|family| !family.in_force) {
        out.push_str("Nothing was changed; this only asks.\n");
    }
    out
}

fn sentence(state: &HelperState, family: &FamilyInfo) -> String {
    let way = Way::from_wire(family.way);
    if family.in_force {
        return format!("in force by {}.", words::way(way));
    }
    if steering::refusal(family).is_some() {
        return format!("nothing would be done: {}.", words::why_not(family));
    }
    let any = steps(state, family).next().is_some();
    match (way, any) {
        (Way::None, false) => "nothing would be done.".into(),
        (Way::UserRoute, false) => format!(
            "game mode would steer by {}; no route and no rule would be added.",
            words::way(way)
        ),
        (_, false) => format!(
            "game mode would steer by {}; everything it needs is there already.",
            words::way(way)
        ),
        (_, true) => format!("game mode would steer by {}:", words::way(way)),
    }
}

fn steps<'a>(state: &'a HelperState, family: &FamilyInfo) -> impl Iterator<Item = &'a str> {
    let number = family.family;
    let its = state.plan.iter().filter(move |step| step.family == number);
    its.map(|step| step.step.as_str())
}

/// The JSON of the plan: a stable schema of its own. Fields are only ever added.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// Always [`SCHEMA`].
    schema: u32,
    /// `observe`, `ecmp` or `lowpower`.
    backend: Backend,
    /// `ready`, or why the backend cannot do more; see the interface XML.
    backend_reason: Reason,
    game_mode: bool,
    families: Vec<Planned<'a>>,
}

#[derive(Debug, Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    family: Family<'a>,
    /// What game mode would do, in order, in the words of ip(8); empty while it is in force.
    steps: Vec<&'a str>,
}

impl<'a> Report<'a> {
    fn of(state: &'a HelperState) -> Self {
        let planned = |family: &'a FamilyInfo| Planned {
            family: Family::of(family),
            steps: steps(state, family).collect(),
        };
        Self {
            schema: SCHEMA,
            backend: state.backend,
            backend_reason: state.reason,
            game_mode: state.game_mode,
            families: state.families.iter().map(planned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use evenkeel_dbus::PlanStep;
    use serde_json::json;

    #[test]
    fn the_plan_shows_the_steps_or_why_not() {
        assert_eq!(
            text(&sample::planned()),
            "\
IPv4: game mode would steer by a default route of Evenkeel's own through a resilient nexthop group:
  ip rule add from 10.1.0.2 lookup 1003 protocol 77
  ip route add default proto 77 metric 99 nhid 770001
IPv6: nothing would be done: two uplinks are in the same subnet (wifi0 and wwan0 are in the same network, fd00::/64).
Nothing was changed; this only asks.
"
        );
    }

    #[test]
    fn what_is_in_force_says_so_and_has_no_steps() {
        assert_eq!(
            text(&sample::steering()),
            "\
IPv4: in force by a default route of Evenkeel's own through a resilient nexthop group.
IPv6: in force by a single default route of Evenkeel's own.
"
        );
    }

    #[test]
    fn the_users_own_route_needs_no_step() {
        let mut state = sample::planned();
        state.families[0].way = Way::UserRoute.to_wire();
        state.plan.clear();
        assert!(text(&state).starts_with(
            "IPv4: game mode would steer by the weights of your own multipath route; no route and \
             no rule would be added.\n"
        ));
    }

    #[test]
    fn a_patched_kernel_and_a_machine_without_families_have_no_plan() {
        let mut state = sample::planned();
        state.backend = Backend::Lowpower;
        assert!(text(&state).contains("changes no routes"));
        state.backend = Backend::Observe;
        state.reason = Reason::OneUplink;
        state.families.clear();
        assert!(text(&state).contains("only one uplink"));
    }

    #[test]
    fn rules_that_drain_are_told_of() {
        let mut state = sample::planned();
        state.draining = sample::draining();
        assert!(text(&state).contains("\n5 rules still keep"));
    }

    #[test]
    fn a_hostile_step_cannot_reach_the_terminal() {
        let mut state = sample::planned();
        state.plan.push(PlanStep {
            family: 4,
            step: "\u{1b}[2J".into(),
        });
        assert!(!text(&state).contains('\u{1b}'));
    }

    #[test]
    fn the_schema_is_the_documented_one() {
        assert_eq!(
            serde_json::to_value(Report::of(&sample::planned())).unwrap(),
            json!({
                "schema": 1,
                "backend": "ecmp",
                "backend_reason": "ready",
                "game_mode": false,
                "families": [
                    {
                        "family": 4, "way": "group", "reason": "ready", "detail": null,
                        "in_force": false, "pinned": 0, "unpinned": 0,
                        "steps": [
                            "ip rule add from 10.1.0.2 lookup 1003 protocol 77",
                            "ip route add default proto 77 metric 99 nhid 770001"
                        ]
                    },
                    {
                        "family": 6, "way": "none", "reason": "same-subnet",
                        "detail": "wifi0 and wwan0 are in the same network, fd00::/64.",
                        "in_force": false, "pinned": 0, "unpinned": 0, "steps": []
                    }
                ]
            })
        );
    }
}
