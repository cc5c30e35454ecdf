//! The door's third kind of change: a plan's objects, made, replaced and taken away again.
//!
//! It is not for which and in what order: the plan says that. Nothing of it is in the journal.
//! They are only added, and carry our protocol number, which is memory enough.

use std::collections::BTreeSet;

use evenkeel_core::plan::{
    Abilities, Action, Family, Object, Route, Rule, Selector, Step, numbers::PREFERENCE_PORT, steps,
};

use super::Door;
use crate::kernel::{
    abilities,
    error::{DoorError, NetlinkError, Undone},
    netlink,
    objects::{
        self,
        ours::{is_our_table, our_nexthop, our_route, our_rule},
    },
    survey::sanitised,
};

/// How often what is left of ours is looked for and removed: somebody may interfere meanwhile.
const CLEAN_UP_ROUNDS: usize = 3;

/// UDP ports that nobody sends from (tcpmux, discard, chargen), for a rule that lasts a moment.
const UNUSED_PORTS: [u16; 3] = [9, 1, 19];

/// The IPv6 route that a step put into a table of ours.
fn mended_v6_table(step: &Step) -> Option<&Route> {
    match step {
        Step::Add(Object::Route(route))
        | Step::Replace {
            to: Object::Route(route),
            ..
        } => Some(route).filter(|route| route.family == Family::V6 && is_our_table(route.table)),
        _ => None,
    }
}

/// What became of a plan's steps.
#[derive(Debug)]
pub struct Taken {
    /// How many were taken: the first so many.
    pub count: usize,
    /// The step after those, if the kernel refused it, and why.
    pub refused: Option<(Step, NetlinkError)>,
}

impl Taken {
    /// The error, if there was a refusal. What was done before it is still there.
    ///
    /// # Errors
    ///
    /// [`DoorError::Kernel`] with the step in the words of `ip`.
    pub fn into_result(self) -> Result<(), DoorError> {
        let Some((step, cause)) = self.refused else {
            return Ok(());
        };
        Err(DoorError::Kernel {
            tunable: step.words(&interface_name),
            cause: cause.to_string(),
            undone: if self.count == 0 {
                Undone::NothingToUndo
            } else {
                Undone::Not
            },
        })
    }
}

impl Door {
    /// Take a plan's steps, in order, up to the first that the kernel refuses. To remove what is
    /// gone already is no refusal; to replace it is. After a refusal look again and plan anew.
    pub async fn take_steps(&mut self, steps: &[Step]) -> Taken {
        for (count, step) in steps.iter().enumerate() {
            let taken = match step {
                Step::Add(object) => objects::add(&mut self.socket, object).await,
                Step::Replace { to, .. } => objects::replace(&mut self.socket, to).await,
                Step::Remove(object) => objects::remove(&mut self.socket, object).await,
            };
            if let Err(cause) = taken {
                let refused = Some((step.clone(), cause));
                return Taken { count, refused };
            }
        }
        for route in steps.iter().filter_map(mended_v6_table) {
            self.forget_v6_caches(route.table).await;
        }
        Taken {
            count: steps.len(),
            refused: None,
        }
    }

    /// Makes IPv6 sockets look for their route anew. While a table was empty they took one of the
    /// main table's, and keep it for ever: a route that comes back into another table is no news to
    /// them, but any rule is.
    async fn forget_v6_caches(&mut self, table: u32) {
        for port in UNUSED_PORTS {
            let rule = Object::Rule(Rule {
                family: Family::V6,
                preference: PREFERENCE_PORT,
                selector: Selector::UdpPort(port),
                action: Action::Table(table),
            });
            // One that is there already is a pin; it must not be removed.
            if objects::add(&mut self.socket, &rule).await.is_ok() {
                if let Err(cause) = objects::remove(&mut self.socket, &rule).await {
                    log::warn!("a pin of port {port} stays until the next look: {cause}");
                }
                return;
            }
        }
    }

    /// Try what the kernel can do; see [`abilities::abilities`].
    ///
    /// # Errors
    ///
    /// `Kernel` if it can't be tried.
    pub async fn abilities(&mut self) -> Result<Abilities, DoorError> {
        let tried = abilities::abilities(&mut self.socket).await;
        tried.map_err(|e| DoorError::reading("trying resilient nexthop groups", &e))
    }

    /// Remove everything of ours, by its protocol number: the default first, then what holds
    /// running flows. Says what was removed.
    ///
    /// # Errors
    ///
    /// `Kernel` for the first that could not be removed; all were tried.
    pub async fn remove_objects(&mut self) -> Result<Vec<String>, DoorError> {
        let mut said = Vec::new();
        self.remove_objects_saying(&mut said).await?;
        Ok(said)
    }

    /// [`Self::remove_objects`], saying what was done before a failure, too.
    pub(super) async fn remove_objects_saying(
        &mut self,
        said: &mut Vec<String>,
    ) -> Result<(), DoorError> {
        let mut failed = None;
        for _ in 0..CLEAN_UP_ROUNDS {
            let Left { objects, probes } = Left::look().await?;
            if objects.is_empty() && !probes {
                return Ok(());
            }
            failed = None;
            for step in steps(&objects, &BTreeSet::new()) {
                let taken = self.take_steps(std::slice::from_ref(&step)).await;
                match taken.into_result() {
                    Ok(()) => said.push(format!("removed: {}", words(&step))),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Err(e) = abilities::clean_up(&mut self.socket).await {
                failed = failed.or(Some(DoorError::reading("nexthops", &e)));
            }
        }
        let Left { objects, probes } = Left::look().await?;
        match failed {
            Some(error) => Err(error),
            None if objects.is_empty() && !probes => Ok(()),
            None => Err(DoorError::Kernel {
                tunable: "routes and rules of ours".to_owned(),
                cause: "they keep coming back".to_owned(),
                undone: Undone::NotAll,
            }),
        }
    }
}

/// What there is of ours, in both families.
struct Left {
    objects: BTreeSet<Object>,
    /// Whether there is something left of a try.
    probes: bool,
}

impl Left {
    async fn look() -> Result<Self, DoorError> {
        let failed = |e| DoorError::reading("routes, rules and nexthops of ours", &e);
        let routes = netlink::dump_routes().await.map_err(failed)?;
        let rules = netlink::dump_rules().await.map_err(failed)?;
        let nexthops = netlink::dump_nexthops().await.map_err(failed)?;
        let routes = routes.iter().map(|route| &route.message);
        let objects = routes
            .filter_map(our_route)
            .chain(rules.iter().filter_map(our_rule))
            .chain(nexthops.iter().filter_map(our_nexthop));
        Ok(Self {
            objects: objects.collect(),
            probes: nexthops.iter().any(abilities::is_left_over),
        })
    }
}

/// What a step took away, in the words of `ip`.
fn words(step: &Step) -> String {
    let object = match step {
        Step::Add(object) | Step::Remove(object) | Step::Replace { to: object, .. } => object,
    };
    let six = match object {
        Object::Route(route) if route.family == Family::V6 => "-6 ",
        Object::Rule(rule) if rule.family == Family::V6 => "-6 ",
        _ => "",
    };
    format!("{six}{}", object.words(&interface_name))
}

/// An interface's name, made plain, or `if` and its index if it is gone.
/// An interface's name as the kernel has it now, fit for logs; `if` and its number if it is gone.
pub(crate) fn interface_name(ifindex: u32) -> String {
    nix::net::if_::if_indextoname(ifindex).map_or_else(
        |_| format!("if{ifindex}"),
        |name| sanitised(&name.to_string_lossy()),
    )
}
