//! Routes when others interfere, links fail, or the helper dies.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use evenkeel_dbus::TunableState;
use evenkeeld::kernel::{door::Door, error::DoorError};

use crate::{lab::Lab, routes::lead};

#[test]
fn a_route_deleted_meanwhile_stays_deleted() {
    let lab = Lab::with_multipath();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.ip("route del default metric 100");
        let without = lab.ip("-4 route show table all");
        door.set_weights(&wifi).await.unwrap(); // the IPv6 route is still there
        assert_eq!(lab.ip("-4 route show table all"), without);
        let status = door.status(&[]);
        assert_eq!(status[0].state, TunableState::Vanished);
        assert_eq!(status[1].state, TunableState::Held);
        door.release_routes().await.unwrap();
        assert_eq!(lab.ip("-4 route show table all"), without);
        assert!(lab.default_route("-6").matches("weight 1").count() == 2);
    });
}

#[test]
fn a_route_deleted_during_the_change_is_gone_and_not_an_error() {
    use evenkeeld::kernel::{error::NetlinkError, netlink::Socket, survey::survey};
    let lab = Lab::with_multipath();
    lab.run(async |roots| {
        let routes = survey(&roots).await.unwrap().routes;
        lab.ip("route del default metric 100");
        lab.ip("-6 route del default metric 100");
        let before = lab.routing();
        for route in routes {
            let request = route.reweighted(&[255, 1]).unwrap();
            let answer = Socket::route(0).unwrap().replace_route(&request).await;
            assert!(matches!(answer, Err(NetlinkError::Gone)), "{answer:?}");
        }
        assert_eq!(lab.routing(), before);
    });
}

#[test]
fn somebody_elses_weights_stay_until_the_next_hold() {
    let lab = Lab::with_multipath();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.ip("route replace default metric 100 nexthop via 10.1.0.1 dev wifi0 weight 20 nexthop via 10.2.0.1 dev usb0 weight 30");
        let theirs = lab.default_route("-4");
        assert!(door.refresh().await.unwrap());
        assert_eq!(door.status(&[])[0].state, TunableState::StoodBack);
        assert!(!door.refresh().await.unwrap());
        door.set_weights(&wifi).await.unwrap();
        assert_eq!(lab.default_route("-4"), theirs);
        assert!(lab.default_route("-6").contains("dev wifi0 weight 255"));
        door.release_routes().await.unwrap();
        assert_eq!(lab.default_route("-4"), theirs);
        // A new hold captures what they made of it.
        door.set_weights(&wifi).await.unwrap();
        assert!(lab.default_route("-4").contains("weight 255"));
        door.release_routes().await.unwrap();
        assert_eq!(lab.default_route("-4"), theirs);
    });
}

#[test]
fn a_route_changed_in_anything_but_its_weights_is_left_alone() {
    let lab = Lab::with_multipath();
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.ip("route replace default metric 100 mtu 1400 nexthop via 10.1.0.1 dev wifi0 weight 1 nexthop via 10.2.0.1 dev usb0 weight 255");
        lab.ip("-6 route del default metric 100 nexthop via fd01::1 dev wifi0");
        let theirs = lab.routing();
        let said = door.restore_all().await.unwrap();
        assert_eq!(lab.routing(), theirs);
        assert_eq!(said.iter().filter(|line| line.contains("left alone")).count(), 2, "{said:?}");
        assert!(!lab.journal().exists());
    });
}

#[test]
fn a_second_route_with_the_same_key_is_never_replaced_instead_of_ours() {
    let lab = Lab::with_multipath();
    let usb = lead(&lab, "usb0");
    lab.ip("route add 192.0.2.0/24 metric 5 nexthop via 10.1.0.1 dev wifi0 nexthop via 10.2.0.1 dev usb0");
    let before = lab.ip("-4 route show 192.0.2.0/24");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        // The kernel would replace the stranger's, then ours, then (IPv6) both.
        lab.ip("route prepend default metric 100 via 10.1.0.1 dev wifi0");
        lab.ip("route append 192.0.2.0/24 metric 5 via 10.1.0.1 dev wifi0");
        lab.ip("-6 route append default metric 100 dev usb0");
        let shared = ["-4", "-6"].map(|family| lab.default_route(family));
        let said = door.restore_all().await.unwrap();
        assert_eq!(
            said.iter()
                .filter(|line| line.contains("left alone"))
                .count(),
            2,
            "{said:?}"
        );
        assert_eq!(["-4", "-6"].map(|family| lab.default_route(family)), shared);
        let behind = "192.0.2.0/24 via 10.1.0.1 dev wifi0 metric 5 \n";
        assert_eq!(
            lab.ip("-4 route show 192.0.2.0/24"),
            format!("{before}{behind}")
        );
    });
}

#[test]
fn a_reset_to_the_original_is_noticed_and_may_be_steered_again() {
    let lab = Lab::with_multipath();
    let before = lab.routing();
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.ip("route replace default metric 100 nexthop via 10.1.0.1 dev wifi0 weight 1 nexthop via 10.2.0.1 dev usb0 weight 1");
        assert!(door.refresh().await.unwrap());
        door.set_weights(&usb).await.unwrap();
        assert!(lab.default_route("-4").contains("dev usb0 weight 255"));
        door.release_routes().await.unwrap();
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn a_killed_helper_leaves_enough_to_restore_everything() {
    let lab = Lab::with_multipath();
    let before = lab.routing();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    for weights in [[&usb, &wifi], [&wifi, &usb]] {
        lab.run(async |roots| {
            let mut door = Door::open(roots).unwrap();
            for weights in weights {
                door.set_weights(weights).await.unwrap();
            }
        }); // dropped without a release: nothing runs on drop
        assert_ne!(lab.routing(), before);
        let said = lab.run(async |roots| Door::open(roots).unwrap().restore_all().await);
        assert_eq!(said.unwrap().len(), 2);
        assert_eq!(lab.routing(), before);
        assert!(!lab.journal().exists());
    }
}

#[test]
fn a_new_helper_that_holds_on_still_knows_the_true_originals() {
    let lab = Lab::with_multipath();
    let before = lab.routing();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.run(async |roots| Door::open(roots).unwrap().set_weights(&usb).await)
        .unwrap();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&wifi).await.unwrap();
        door.release_routes().await.unwrap();
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn a_refused_step_undoes_the_ones_before_it() {
    let lab = Lab::with_multipath();
    // Its gateway on usb0 is no longer reachable, but the route is still there.
    lab.ip("addr add 10.22.0.2/24 dev usb0");
    lab.ip("route add 192.0.2.0/24 nexthop via 10.1.0.1 dev wifi0 nexthop via 10.22.0.1 dev usb0");
    lab.ip("addr del 10.22.0.2/24 dev usb0");
    let before = lab.routing();
    assert!(before.contains("192.0.2.0/24"));
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        let refused = door.set_weights(&usb).await.unwrap_err();
        let sentence = refused.to_string();
        assert!(
            sentence.starts_with("route:192.0.2.0/24 metric 0: "),
            "{sentence}"
        );
        assert!(
            sentence.ends_with("was undone, so nothing is changed"),
            "{sentence}"
        );
        assert_eq!(lab.routing(), before);
        assert!(!lab.journal().exists());
    });
}

#[test]
fn a_route_over_a_link_that_is_down_waits_and_is_restored_once_it_is_up() {
    let lab = Lab::with_multipath();
    let before = lab.ip("-4 route show default");
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.ip("-6 route del default metric 100");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.ip("link set usb0 down");
        door.set_weights(&wifi).await.unwrap();
        assert_eq!(door.status(&[])[0].state, TunableState::Failed);
        let waiting = door.release_routes().await;
        assert!(
            matches!(waiting, Err(DoorError::Kernel { .. })),
            "{waiting:?}"
        );
        assert!(lab.journal().exists());
        lab.ip("link set usb0 up");
        door.release_routes().await.unwrap();
        assert!(!lab.journal().exists());
    });
    assert_eq!(lab.ip("-4 route show default"), before);
}

#[test]
fn a_link_without_a_carrier_changes_nothing_about_it() {
    let lab = Lab::with_multipath();
    let before = lab.routing();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.unplug("usb0", "far1");
        assert!(lab.default_route("-4").contains("linkdown"));
        door.refresh().await.unwrap();
        assert!(
            door.status(&[])
                .iter()
                .all(|t| t.state == TunableState::Held)
        );
        door.set_weights(&wifi).await.unwrap();
        assert!(lab.default_route("-6").contains("dev wifi0 weight 255"));
        door.release_routes().await.unwrap();
    });
    assert_ne!(lab.routing(), before);
    let weights = |family| lab.default_route(family).matches("weight 1 ").count();
    assert_eq!((weights("-4"), weights("-6")), (2, 2));
}

#[test]
fn a_link_that_is_pulled_out_takes_its_routes_along_without_an_error() {
    let lab = Lab::with_multipath();
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        lab.ip("link del usb0");
        let after = lab.routing();
        assert!(door.refresh().await.unwrap());
        assert_eq!(door.status(&[])[0].state, TunableState::Vanished);
        door.release_routes().await.unwrap();
        assert_eq!(lab.routing(), after);
        assert!(!lab.journal().exists());
    });
}

/// Let a piece of work run to its `stops`th wait for the kernel, then abandon it as a kill would.
/// Whether it came to its end before.
async fn abandon_after<T>(stops: usize, work: impl Future<Output = T>) -> bool {
    let mut work = pin!(work);
    for _ in 0..stops {
        if poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        // Let the runtime notice what the kernel answered.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}

#[test]
fn wherever_a_change_or_a_restore_is_cut_off_the_next_restore_is_complete() {
    let lab = Lab::with_multipath();
    lab.ip("route add 192.0.2.0/24 nexthop via 10.1.0.1 dev wifi0 weight 5 nexthop via 10.2.0.1 dev usb0 weight 9");
    let before = lab.routing();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    let mut partly = 0;
    for stops in 0.. {
        let complete = lab.run(async |roots| {
            let mut door = Door::open(roots.clone()).unwrap();
            door.set_weights(&wifi).await.unwrap();
            let changed = abandon_after(stops, door.set_weights(&usb)).await;
            drop(door);
            let mut door = Door::open(roots).unwrap();
            let restored = abandon_after(stops, door.restore_all()).await;
            changed && restored
        });
        partly += u32::from(lab.routing() != before);
        lab.run(async |roots| Door::open(roots).unwrap().restore_all().await)
            .unwrap();
        assert_eq!(lab.routing(), before, "cut off after {stops} waits");
        if complete {
            break;
        }
    }
    assert!(partly > 1, "the cuts must come at different points");
}
