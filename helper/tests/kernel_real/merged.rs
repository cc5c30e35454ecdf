//! A default that was merged from two routers' advertisements, as systemd-networkd does it: never
//! reweighted, but gone before, and copied exactly for what was there before us.

use std::collections::BTreeSet;

use evenkeel_core::plan::{Family, Sockets, plan, remains, steps};
use evenkeel_dbus::{Backend, Reason};
use evenkeeld::kernel::{Roots, door::Door, survey::survey};

use crate::{
    lab::{Lab, backend_of},
    objects::{found, hop, take},
};

/// The port of a socket that was open before game mode.
const PORT: u16 = 40_000;
const MERGED: &str = "default proto ra metric 1024 nexthop via fd02::1 dev usb0 weight 2 \
                      nexthop via fd01::1 dev wifi0";

fn merged() -> Lab {
    let lab = Lab::with_uplinks();
    lab.ip(&format!("-6 route add {MERGED}"));
    lab
}

fn sockets() -> Sockets {
    Sockets {
        sources: BTreeSet::new(),
        wildcard_udp_ports: BTreeSet::from([PORT]),
    }
}

/// The interfaces that a socket on this port, with no address, leaves by to 64 destinations.
fn ways(lab: &Lab, port: u16) -> Vec<String> {
    let mut all = Vec::new();
    for number in 1..=64 {
        let to = format!("2001:db8::{number:x}");
        let route = lab.ip(&format!(
            "-6 route get {to} ipproto udp sport {port} dport 9"
        ));
        let mut words = route.split_whitespace().skip_while(|word| *word != "dev");
        all.push(words.nth(1).unwrap().to_owned());
    }
    all
}

async fn steer(lab: &Lab, roots: &Roots, door: &mut Door, leader: &str) {
    let now = found(roots, Family::V6).await;
    let abilities = door.abilities().await.unwrap();
    let plan = plan(&now, abilities).unwrap();
    let aim = plan.towards(lab.ifindex(leader), &now, &sockets());
    take(door, &steps(&now.ours, &aim.objects)).await;
    let now = found(roots, Family::V6).await;
    assert_eq!(now.ours, aim.objects, "ours is read as it was written");
    assert_eq!((&now.taken, &now.foreign_rules), (&vec![], &vec![]));
}

#[test]
fn a_merged_default_is_the_systems_and_nobodys_to_be_reweighted() {
    let lab = merged();
    lab.run(async |roots| {
        let seen = survey(&roots).await.unwrap();
        assert_eq!(
            (seen.routes.as_slice(), seen.skipped.as_slice()),
            (&[][..], &[][..])
        );
        assert_eq!(backend_of(&seen), (Backend::Ecmp, Reason::Ready));
        let default = seen.v6.system_default.unwrap();
        let hops = vec![(hop(&lab, Family::V6, 2), 2), (hop(&lab, Family::V6, 1), 1)];
        assert_eq!((default.metric, default.merged), (1024, hops));
        // A member whose cable is out is none, though its route may stand a while.
        lab.unplug("wifi0", "far0");
        let default = found(&roots, Family::V6).await.system_default.unwrap();
        assert_eq!(default.ifindexes, [lab.ifindex("usb0")]);
        assert_eq!(default.merged, [(hop(&lab, Family::V6, 2), 2)]);
    });
}

#[test]
fn a_users_own_multipath_default_is_steered_in_place_as_ever() {
    let lab = Lab::with_uplinks();
    lab.ip(&format!("-6 route add {}", MERGED.replace("ra", "static")));
    lab.run(async |roots| {
        let seen = survey(&roots).await.unwrap();
        assert_eq!(seen.routes.len(), 1);
        assert_eq!(seen.v6.system_default.unwrap().merged, []);
    });
}

#[test]
fn an_old_socket_keeps_the_way_to_each_destination_while_new_ones_take_the_leader() {
    let lab = merged();
    let (before, alone) = (lab.routing(), ways(&lab, PORT));
    assert!(
        ["usb0", "wifi0"]
            .iter()
            .all(|name| alone.contains(&(*name).to_owned()))
    );
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        for leader in ["wifi0", "usb0", "wifi0"] {
            steer(&lab, &roots, &mut door, leader).await;
            assert_eq!(ways(&lab, PORT), alone);
            assert_eq!(ways(&lab, PORT + 1), vec![leader; 64]);
            let kept = lab.ip("-6 route show default proto ra");
            assert!(
                kept.contains("weight 2") && kept.contains("weight 1"),
                "{kept}"
            );
        }
        let now = found(&roots, Family::V6).await;
        let left = remains(&now, &sockets()).objects;
        assert_eq!(left, BTreeSet::new(), "the system does the same");
        take(&mut door, &steps(&now.ours, &left)).await;
        assert_eq!(lab.routing(), before);
        // After a crash likewise, by what it looks like alone.
        steer(&lab, &roots, &mut door, "wifi0").await;
        let removed = door.restore_all().await.unwrap();
        assert!(
            removed.iter().any(|line| line.contains("7717")),
            "{removed:?}"
        );
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn the_copy_shrinks_and_grows_with_the_systems() {
    let lab = merged();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        steer(&lab, &roots, &mut door, "wifi0").await;
        // One router is withdrawn: its path is taken away, the other's stays.
        lab.ip("-6 route del default proto ra metric 1024 via fd02::1 dev usb0");
        steer(&lab, &roots, &mut door, "wifi0").await;
        assert_eq!(ways(&lab, PORT), vec!["wifi0"; 64]);
        assert!(!lab.ip("-6 route show table all default").contains("usb0"));
        // It comes back, behind the other.
        lab.ip("-6 route append default proto ra metric 1024 via fd02::1 dev usb0");
        steer(&lab, &roots, &mut door, "wifi0").await;
        let ours = ways(&lab, PORT);
        assert_eq!(ways(&lab, PORT + 1), vec!["wifi0"; 64]);
        door.restore_all().await.unwrap();
        assert_eq!(ours, ways(&lab, PORT), "as the system has it now");
    });
}
