//! Not one running connection dies or moves while the helper builds, steers and takes away routes,
//! and new ones go where it leads them: real sockets, the real helper, real routes.

#![allow(
    clippy::print_stderr,
    reason = "the shares of new flows are figures to be read, too"
)]

use std::time::Duration;

use evenkeel_dbus::Way;
use evenkeel_lab::flows::{Family, Flows, Kind, Pace};
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::{PATIENCE, STEERED, harmed, part_of_new, separate};
use evenkeel_lab::{Lab, LabError};

type Outcome = Result<(), LabError>;

const KEEP_ALIVE: Pace = Pace::Every(Duration::from_secs(2));
/// New flows after each change.
const NEW: usize = 2000;
/// Flows of each kind and family of a machine behind the pc.
const BEHIND: usize = 50;

/// What one run through a whole game is like.
struct Story {
    /// More of the helper's settings.
    settings: &'static str,
    /// How IPv4 is steered under them.
    way_v4: Way,
    /// Running flows of each kind and family.
    flows: usize,
    /// The least part of new flows that must be on the leader.
    least: f64,
}

/// A container behind the pc, which forwards and masquerades for it, as container programs set it up.
fn put_a_container_behind(lab: &Lab) -> Outcome {
    let script = "set -e
        ip netns add box
        ip link add box0 type veth peer name eth0 netns box
        ip addr add 172.30.0.1/24 dev box0; ip addr add fd30::1/64 dev box0 nodad; ip link set box0 up
        ip -n box addr add 172.30.0.2/24 dev eth0; ip -n box addr add fd30::2/64 dev eth0 nodad
        ip -n box link set lo up; ip -n box link set eth0 up
        ip -n box route add default via 172.30.0.1; ip -n box -6 route add default via fd30::1
        echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        nft 'table inet box { chain behind { type nat hook postrouting priority 100;
            ip saddr 172.30.0.0/24 oifname != \"box0\" masquerade
            ip6 saddr fd30::/64 oifname != \"box0\" masquerade
            }
            }'";
    lab.command("pc", ["sh", "-c", script]).text().map(drop)
}

/// Opens flows that must all get an answer; those bound to an uplink's own address are on all.
fn open(flows: &Flows, kinds: &[Kind], count: usize, on: Option<&str>) -> Outcome {
    for &kind in kinds {
        for family in Family::BOTH {
            let shares = flows.open(kind, family, count, KEEP_ALIVE)?;
            assert_eq!((shares.failed, shares.total()), (0, count), "{shares:?}");
            if let (Some(on), true) = (on, kind != Kind::UdpBound) {
                assert!(shares.part(on) >= 0.9, "{shares:?} after a change to {on}");
            }
        }
    }
    Ok(())
}

/// Nobody is harmed, and new flows are where they should be.
struct Judge<'a> {
    scene: &'a Scene,
    own: &'a Flows,
    behind: &'a Flows,
    least: f64,
}

impl Judge<'_> {
    fn new_flows_take(&self, leader: &str, when: &str) -> Outcome {
        let (part, lines) = part_of_new(self.own, leader, NEW)?;
        eprintln!("{when}: {:.2} % of new flows on {leader}", part * 100.0);
        assert!(part >= self.least, "{when}: {part} on {leader}: {lines:#?}");
        for family in Family::BOTH {
            // What only passes through stays where the system sends it.
            let shares = self.behind.fresh(Kind::UdpConnected, family, BEHIND)?;
            assert_eq!(shares.on("wifi0"), BEHIND, "{when}: {shares:?}");
        }
        Ok(())
    }

    fn no_flow_is_harmed(&self, when: &str) -> Outcome {
        let list = self.own.census();
        let flows: usize = list.iter().map(evenkeel_lab::flows::Census::total).sum();
        eprintln!("{when}: {flows} running flows, harmed: {:?}", harmed(&list));
        if !harmed(&list).is_empty() {
            let rules = self.scene.lab.ours()?;
            panic!("{when}: {:#?}\nwith {rules:#?}", harmed(&list));
        }
        let behind = self.behind.census();
        assert!(harmed(&behind).is_empty(), "{when}, forwarded: {behind:#?}");
        Ok(())
    }
}

fn play(story: &Story) -> Outcome {
    let scene = Scene::start_set(&separate(2), story.settings, &[])?;
    let (wifi, usb) = (scene.lab.link("wifi0")?, scene.lab.link("usb0")?);
    // The uplink in use is the slower one, so that game mode has something to do at once.
    wifi.set("both delay_us=25000 jitter_us=0")?;
    usb.set("both delay_us=2000 jitter_us=0")?;
    put_a_container_behind(&scene.lab)?;
    scene.wait_for_plan(&Family::BOTH)?;
    let before = scene.lab.snapshot()?;

    let own = Flows::start(&scene.lab)?;
    let behind = Flows::start_in(&scene.lab, "box")?;
    open(&own, &STEERED, story.flows, Some("wifi0"))?;
    open(&behind, &STEERED, BEHIND, Some("wifi0"))?;
    for family in Family::BOTH {
        // Without game mode a source of the other uplink is a dead end.
        let shares = own.open(Kind::UdpBound, family, 2 * story.flows, KEEP_ALIVE)?;
        assert_eq!((shares.on("wifi0"), shares.on("usb0")), (story.flows, 0));
    }
    let judge = Judge {
        scene: &scene,
        own: &own,
        behind: &behind,
        least: story.least,
    };

    scene.must("SetEmaFactor", &[1024, 1])?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    judge.new_flows_take("usb0", "game mode on")?;
    judge.no_flow_is_harmed("game mode on")?;
    let view = scene.view()?;
    assert_eq!(view.way(Family::V4), Some(story.way_v4), "{view:#?}");
    assert_eq!(view.way(Family::V6), Some(Way::Single), "{view:#?}");
    // From here on some run on either uplink.
    open(&own, &Kind::ALL, story.flows, Some("usb0"))?;

    usb.set("both delay_us=2000 jitter_us=20000")?;
    wifi.set("both delay_us=5000")?;
    scene.wait_until_led_to("wifi0")?;
    judge.new_flows_take("wifi0", "the leader changed")?;
    judge.no_flow_is_harmed("the leader changed")?;
    let pinned = scene.view()?.families;
    assert!(
        pinned
            .iter()
            .all(|family| family.pinned > 0 && family.unpinned == 0),
        "{pinned:?}"
    );

    usb.set("both delay_us=2000 jitter_us=0")?;
    wifi.set("both delay_us=5000 jitter_us=30000")?;
    let ifindex = i64::from(scene.view()?.uplink("usb0")?.ifindex);
    scene.must("Forget", &[ifindex])?;
    scene.wait_until_led_to("usb0")?;
    judge.new_flows_take("usb0", "and changed back")?;
    judge.no_flow_is_harmed("and changed back")?;

    scene.must("LeaveGameMode", &[])?;
    scene.wait_until_led_by_the_system()?;
    judge.new_flows_take("wifi0", "game mode off")?;
    judge.no_flow_is_harmed("game mode off")?;
    // Long enough for what is kept to be looked at again.
    std::thread::sleep(Duration::from_secs(7));
    judge.no_flow_is_harmed("while draining")?;
    let draining = scene.view()?.draining;
    assert!(
        draining.rules > 0 && (1..=3600).contains(&draining.seconds_left),
        "{draining:?}"
    );
    for uplink in scene.lab.uplinks() {
        assert!(
            own.census().iter().map(|c| c.unchanged).sum::<usize>() > 0,
            "flows on {} are alive",
            uplink.name
        );
    }

    own.close();
    behind.close();
    scene.wait_until_as_before(&before)?;
    evenkeel_lab::lab::wait_until("nothing kept", PATIENCE, || {
        Ok(scene.view()?.draining.rules == 0)
    })
}

#[test]
fn through_a_whole_game_no_running_flow_is_harmed_and_new_ones_follow_the_leader() -> Outcome {
    play(&Story {
        settings: "",
        way_v4: Way::Single,
        flows: 200,
        least: 0.97,
    })
}

#[test]
fn with_a_resilient_group_no_running_flow_is_harmed_and_most_new_ones_follow() -> Outcome {
    play(&Story {
        settings: "resilient-groups = true",
        way_v4: Way::Group,
        flows: 60,
        least: 0.9,
    })
}
