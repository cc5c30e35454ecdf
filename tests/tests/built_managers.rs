//! The helper lives with the real `NetworkManager` and the real systemd-networkd: whatever they do in
//! a day, its routes are whole again or withdrawn, they lead nowhere that has no default any more, and
//! running flows suffer no more than without it.

#![allow(
    clippy::print_stderr,
    reason = "what an event does to flows is a figure to be read, too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use evenkeel_dbus::{Reason, Way};
use evenkeel_lab::flows::{Census, Family, Flows, Kind as FlowKind, Pace};
use evenkeel_lab::managers::defaults::{DefaultRoute, OURS};
use evenkeel_lab::managers::witness::Witness;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::{STEERED, harmed};
use evenkeel_lab::{Event, Kind, LabError, LabSpec, Manager, Routes};

type Outcome = Result<(), LabError>;

/// Flows of each kind and family.
const FLOWS: usize = 40;
/// Of them, those that may speak in the moment when all rules or an uplink's whole state are away.
const BRIEFLY: usize = FLOWS / 2;
const KEEP_ALIVE: Pace = Pace::Every(Duration::from_secs(2));
/// How long a flow may take to notice that its way is back.
const RECOVERY: Duration = Duration::from_secs(20);
/// The uplink that things happen to. It is also the one in use.
const TOUCHED: &str = "usb0";
/// The other one, steadier: the leader.
const LEADER: &str = "wifi0";

/// How many flows of a kind and family are not as they were: moved, and dead.
type Harm = BTreeMap<(FlowKind, Family), (usize, usize)>;

fn harm(list: &[Census]) -> Harm {
    let one = |c: &Census| ((c.kind, c.family), (c.moved, c.dead));
    list.iter().map(one).collect()
}

/// Counts flows. Those that have no answer, though they can have one again, are given time: TCP waits
/// ever longer between its attempts.
fn census(flows: &Flows, back: bool) -> Harm {
    let mut seen = harm(&flows.census());
    let began = Instant::now();
    while back && began.elapsed() < RECOVERY && seen.values().any(|(_, dead)| *dead > 0) {
        std::thread::sleep(Duration::from_millis(500));
        seen = harm(&flows.census());
    }
    seen
}

/// Waits until nothing was noticed for a second.
fn settle(witness: &Witness) {
    let began = Instant::now();
    let (mut count, mut quiet) = (witness.notices().len(), began);
    while quiet.elapsed() < Duration::from_secs(1) && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
        let now = witness.notices().len();
        if now != count {
            (count, quiet) = (now, Instant::now());
        }
    }
}

/// A lab with a manager and the helper, flows on the uplink in use, and, if it is steered, the helper
/// leading to the other one, with flows there, too.
struct Desktop {
    scene: Scene,
    manager: Manager,
    witness: Witness,
    system: Vec<DefaultRoute>,
    touched: Flows,
    leading: Flows,
    /// Everything of ours but pins, when all is well.
    whole: BTreeSet<String>,
    steered: bool,
}

impl Desktop {
    fn start(kind: Kind, steered: bool) -> Result<Self, LabError> {
        let scene = Scene::start(&LabSpec {
            routes: Routes::Managed,
            ..LabSpec::default()
        })?;
        scene.lab.link(TOUCHED)?.set("both delay_us=25000")?;
        scene.lab.link(LEADER)?.set("both delay_us=2000")?;
        let manager = scene.lab.start_manager(kind)?;
        scene.wait_for_plan(&Family::BOTH)?;
        let mut desktop = Self {
            witness: scene.lab.witness()?,
            touched: Flows::start(&scene.lab)?,
            leading: Flows::start(&scene.lab)?,
            system: scene.lab.default_routes()?,
            whole: BTreeSet::new(),
            scene,
            manager,
            steered,
        };
        for family in Family::BOTH {
            for kind in STEERED {
                // systemd-networkd spreads those of IPv6 over both uplinks.
                let touched = &desktop.touched;
                touched.open_on(TOUCHED, kind, family, FLOWS, KEEP_ALIVE)?;
            }
        }
        if steered {
            desktop.scene.must("EnterGameMode", &[1])?;
            desktop.wait_until_led()?;
            desktop.open_leading()?;
            desktop.whole = desktop.ours_but_pins()?;
            desktop.nothing_leads_nowhere()?;
        }
        Ok(desktop)
    }

    fn open_leading(&self) -> Outcome {
        for family in Family::BOTH {
            for kind in STEERED {
                let shares = self.leading.open(kind, family, FLOWS, KEEP_ALIVE)?;
                assert_eq!(shares.on(LEADER), FLOWS, "{shares:?}");
            }
        }
        Ok(())
    }

    fn wait_until_led(&self) -> Outcome {
        self.scene.wait_for("new flows on the leader", || {
            for family in Family::BOTH {
                if self.scene.lab.led_to(family)?.as_deref() != Some(LEADER) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn ours_but_pins(&self) -> Result<BTreeSet<String>, LabError> {
        let ours = self.scene.lab.ours()?;
        let but_pins = ours.iter().filter(|line| !line.contains("sport"));
        Ok(but_pins.flat_map(|line| ways_out(line)).collect())
    }

    /// Is the copy of the system's merged IPv6 default, if there is one, in the same order? That
    /// decides what goes where.
    fn copy_is_current(&self) -> Result<bool, LabError> {
        let devices = |text: &str| -> Vec<String> {
            let words: Vec<&str> = text.split_whitespace().collect();
            let pairs = words.windows(2).filter(|pair| pair[0] == "dev");
            pairs.map(|pair| pair[1].to_owned()).collect()
        };
        let ours = self.scene.lab.ours()?;
        let copy = ours.iter().find(|line| line.contains(" table 7717 "));
        let argv = ["ip", "-6", "route", "show", "default", "proto", "ra"];
        let system = self.scene.lab.command("pc", argv).text()?;
        Ok(copy.is_none_or(|copy| devices(copy) == devices(&system)))
    }

    /// The defaults that aren't ours.
    fn system_defaults(&self) -> Result<Vec<DefaultRoute>, LabError> {
        let mut all = self.scene.lab.default_routes()?;
        all.retain(|route| route.protocol != OURS);
        Ok(all)
    }

    /// Does a default of the system lead to each uplink that one of our routes leads to?
    fn leads_nowhere(&self) -> Result<Vec<String>, LabError> {
        let system = self.system_defaults()?;
        let ours = self.scene.lab.ours()?;
        let mut ours: BTreeSet<String> = ours.iter().flat_map(|line| ways_out(line)).collect();
        ours.retain(|line| {
            let family = if line.starts_with("v6") { 6 } else { 4 };
            let mut words = line.split_whitespace().skip_while(|word| *word != "dev");
            words.nth(1).is_some_and(|device| {
                let mut routes = system.iter();
                !routes.any(|route| route.family == family && route.device == device)
            })
        });
        Ok(ours.into_iter().collect())
    }

    fn nothing_leads_nowhere(&self) -> Outcome {
        self.scene
            .wait_for("no route of ours to where no default is", || {
                Ok(self.leads_nowhere()?.is_empty())
            })
    }

    /// Our state is as this event should leave it.
    fn as_after(&self, event: Event) -> Result<bool, LabError> {
        let gone = match event {
            // A VPN goes first, or there is nothing left to go by.
            Event::VpnUp => return Ok(self.ours_but_pins()?.is_empty()),
            Event::Suspend if self.manager.kind() == Kind::NetworkManager => {
                return Ok(self.ours_but_pins()?.is_empty());
            }
            Event::CarrierLost => Family::BOTH.to_vec(),
            Event::RouterWithdrawn => vec![Family::V6],
            _ => Vec::new(),
        };
        let wanted = self.whole.iter().filter_map(|line| {
            let number = if line.starts_with("v6") { 6 } else { 4 };
            if gone.iter().any(|family| family.number() == number) {
                without_the_touched(line)
            } else {
                Some(line.clone())
            }
        });
        Ok(self.ours_but_pins()? == wanted.collect() && self.copy_is_current()?)
    }

    /// Lets an event happen and waits until everybody has dealt with it.
    fn live_through(&mut self, event: Event) -> Result<(Harm, Harm), LabError> {
        settle(&self.witness);
        self.manager.cause(&self.scene.lab, event, TOUCHED)?;
        settle(&self.witness);
        self.manager.wait_after(&self.scene.lab, event, TOUCHED)?;
        if self.steered {
            let what = format!(
                "our state as after {event:?}, having been {:#?}",
                self.whole
            );
            self.scene.wait_for(&what, || self.as_after(event))?;
            self.nothing_leads_nowhere()?;
        }
        settle(&self.witness);
        let back = is_back(self.manager.kind(), event);
        let touched = census(&self.touched, back);
        Ok((touched, census(&self.leading, back)))
    }

    /// Sockets without an address are back on their uplink, wherever they were meanwhile.
    fn unbound_flows_are_at_home(&self, event: Event) {
        for family in Family::BOTH {
            if self.manager.kind() == Kind::Networkd && family == Family::V6 {
                continue; // they go as the system spreads them, which it does anew
            }
            let key = (FlowKind::UdpWildcard, family);
            let home = self.touched.at_home_on(TOUCHED).get(&key).copied();
            assert_eq!(home, Some(FLOWS), "{family:?} after {event:?}");
        }
    }

    fn end(&self) -> Outcome {
        if self.steered {
            self.scene.must("LeaveGameMode", &[])?;
            self.scene.wait_until_led_by_the_system()?;
            for (flows, on) in [(&self.touched, TOUCHED), (&self.leading, LEADER)] {
                let harmed = harmed(&flows.census());
                assert_eq!(harmed, [], "game mode's end, flows that began on {on}");
            }
            self.scene.must("Revert", &[])?;
            self.scene
                .wait_for("the end of ours", || Ok(self.scene.lab.ours()?.is_empty()))?;
        }
        let sorted = |mut routes: Vec<DefaultRoute>| {
            routes.sort();
            routes
        };
        assert_eq!(sorted(self.system_defaults()?), sorted(self.system.clone()));
        Ok(())
    }
}

/// A route over several gateways as one line for each, in the words of one that has no other.
fn ways_out(line: &str) -> Vec<String> {
    let Some((route, hops)) = line.split_once(" nexthop ") else {
        return vec![line.to_owned()];
    };
    let one = |hop: &str| {
        let hop = hop.split(" weight ").next().unwrap_or(hop);
        route.replacen("default", &format!("default {hop}"), 1)
    };
    hops.split(" nexthop ").map(one).collect()
}

/// A line of ours as it is while the touched uplink is away: the leader keeps what it has, so that its
/// flows stay when the other one comes back, and has what only passes through.
fn without_the_touched(line: &str) -> Option<String> {
    if line.contains("not from all iif lo") {
        return Some(line.replace("7702", "7701").replace("7717", "7701"));
    }
    let touched = line.contains(TOUCHED) || line.contains("7702");
    (!touched).then(|| line.to_owned())
}

/// How many sockets without an address may follow the system's default to another uplink at this event:
/// those that speak while a VPN comes or goes, or before their uplink is back from the machine's sleep.
fn not_held(kind: Kind, event: Event) -> usize {
    match event {
        Event::VpnUp | Event::VpnDown => BRIEFLY,
        Event::Suspend | Event::Resume if kind == Kind::NetworkManager => FLOWS,
        _ => 0,
    }
}

/// Is a way out there for the leader's flows?
fn leader_works(kind: Kind, event: Event) -> bool {
    match event {
        Event::VpnUp => false,
        Event::Suspend => kind == Kind::Networkd,
        _ => true,
    }
}

/// Does every uplink work again after the event?
fn is_back(kind: Kind, event: Event) -> bool {
    event.leaves_all_defaults(kind) && event != Event::VpnUp
}

/// Flows on the leader after an event on the other uplink.
fn the_others_flows_are_well(kind: Kind, event: Event, leading: &Harm) {
    for ((flow, family), (moved, dead)) in leading {
        let about = format!("{kind:?} {event:?}: {flow:?} {family:?} on the leader");
        if leader_works(kind, event) {
            assert_eq!(*dead, 0, "{about}");
        }
        let may_move = match flow {
            FlowKind::UdpWildcard => not_held(kind, event),
            _ => 0,
        };
        assert!(*moved <= may_move, "{about}: {moved} moved");
    }
}

/// What an event did to the flows that began on the touched uplink.
struct Seen {
    event: Event,
    harm: Harm,
    /// Those that were lost or had gone to the other uplink before.
    lost: BTreeMap<(FlowKind, Family), usize>,
}

fn run(kind: Kind, steered: bool) -> Result<Vec<Seen>, LabError> {
    let mut desktop = Desktop::start(kind, steered)?;
    let mut seen = Vec::new();
    for event in Event::all(kind) {
        let mut lost = BTreeMap::new();
        for (key, left) in desktop.touched.at_home_on(TOUCHED) {
            lost.insert(key, FLOWS - left);
        }
        let outcome = desktop.live_through(event);
        let (touched, leading) = outcome.map_err(|error| {
            LabError::Invalid(format!("{kind:?}, {event:?}, steered {steered}: {error}"))
        })?;
        eprintln!("{kind:?} {event:?} steered {steered}: touched {touched:?}, leading {leading:?}");
        if steered {
            the_others_flows_are_well(kind, event, &leading);
        }
        if is_back(kind, event) {
            // The next event is judged by itself.
            desktop.touched.settle();
            desktop.leading.settle();
        }
        if steered && is_back(kind, event) {
            // As soon as it can be, it is as ever.
            desktop.wait_until_led()?;
            desktop.unbound_flows_are_at_home(event);
        }
        seen.push(Seen {
            event,
            harm: touched,
            lost,
        });
    }
    if steered && kind == Kind::Networkd {
        let view = desktop.scene.view()?;
        // Its one route of both routers is nobody's to reweight.
        assert_eq!(view.way(Family::V6), Some(Way::Single), "{view:#?}");
    }
    desktop.end()?;
    Ok(seen)
}

/// With the helper in game mode no more flows on the touched uplink may suffer than without.
fn no_worse_than_without(kind: Kind) -> Outcome {
    let broken = |_| LabError::Invalid("a lab's thread panicked, see above".into());
    let (without, with) = std::thread::scope(|scope| {
        let without = scope.spawn(move || run(kind, false));
        let with = scope.spawn(move || run(kind, true));
        (without.join().map_err(broken), with.join().map_err(broken))
    });
    let (without, with) = (without??, with??);
    for (without, with) in without.iter().zip(&with) {
        let event = with.event;
        for (key, (moved, dead)) in &with.harm {
            let control = without.harm.get(key).copied().unwrap_or_default();
            // What is lost already can't be harmed again.
            let lost = without.lost.get(key).copied().unwrap_or(FLOWS);
            eprintln!(
                "{kind:?} {event:?} {key:?}: with {moved}+{dead}, without {control:?} after {lost}"
            );
            assert!(
                moved + dead <= control.0 + control.1 + lost + allowed(kind, event, *key),
                "{kind:?} {event:?} {key:?}: {moved} moved and {dead} dead, without {control:?} after {lost}"
            );
        }
    }
    Ok(())
}

/// Flows that may suffer more than without the helper. Only sockets without an address, and only those
/// that speak while all rules or the uplink's whole state are away. Which uplink is back first after a
/// sleep is chance: without the helper none moved, or all 40. So is how long systemd-networkd waits for
/// a router's advertisement when it reconfigures a link: half a second, or more than one.
fn allowed(kind: Kind, event: Event, (flow, family): (FlowKind, Family)) -> usize {
    if flow != FlowKind::UdpWildcard {
        return 0;
    }
    match (event, kind) {
        (Event::Reapply, Kind::Networkd) if family == Family::V6 => FLOWS,
        (Event::Reapply, Kind::Networkd) | (Event::VpnDown, _) => BRIEFLY,
        (Event::ConnectionUp, _) => BRIEFLY / 2,
        (Event::Resume, Kind::NetworkManager) => FLOWS,
        _ => 0,
    }
}

#[test]
fn network_managers_day_harms_no_more_flows_than_without_the_helper() -> Outcome {
    no_worse_than_without(Kind::NetworkManager)
}

#[test]
fn networkds_day_harms_no_more_flows_than_without_the_helper() -> Outcome {
    no_worse_than_without(Kind::Networkd)
}

#[test]
fn a_manager_that_starts_after_the_helper_is_steered_by() -> Outcome {
    let scene = Scene::start(&LabSpec {
        routes: Routes::Managed,
        ..LabSpec::default()
    })?;
    let view = scene.view()?;
    assert!(
        matches!(view.reason, Reason::NoUplink | Reason::NoDefault),
        "{view:#?}"
    );
    let said = scene.call("player", "EnterGameMode", &[1])?;
    assert!(said.contains("NotSupported"), "{said}");
    let _manager = scene.lab.start_manager(Kind::NetworkManager)?;
    scene.wait_for_plan(&Family::BOTH)?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_for("our defaults", || {
        Ok(scene.lab.led_to(Family::V4)?.is_some() && scene.lab.led_to(Family::V6)?.is_some())
    })
}
