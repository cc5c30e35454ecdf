//! Notifications: coarse, silent about our own changes, loud after an overrun.

use std::{fmt::Write, fs, time::Duration};

use evenkeel_core::plan::{Family, Step};
use evenkeeld::kernel::{
    door::Door,
    undoer::process_of,
    watch::{Changed, Watch},
};

use tokio::time::timeout;

use crate::{
    lab::Lab,
    objects::{add_all, everything, lab, take},
    routes::lead,
};

#[test]
fn others_changes_are_reported_and_our_own_are_not() {
    let lab = Lab::with_multipath();
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        let mut watch = Watch::open(door.netlink_port()).unwrap();
        door.set_weights(&usb).await.unwrap();
        // The first report is of the link that comes after our own routes.
        lab.ip("link add new0 type veth peer name new1");
        let only_links = Changed {
            links: true,
            ..Changed::default()
        };
        assert_eq!(watch.changed().await.unwrap(), only_links);
        lab.ip("route add 192.0.2.0/24 via 10.1.0.1");
        let only_routes = Changed {
            routes: true,
            ..Changed::default()
        };
        assert_eq!(watch.changed().await.unwrap(), only_routes);
        lab.ip("addr add 10.1.0.3/32 dev wifi0");
        assert!(watch.changed().await.unwrap().addresses);
    });
}

#[test]
fn an_overrun_counts_as_everything_changed() {
    let lab = Lab::with_uplinks();
    lab.run(async |_| {
        let mut watch = Watch::open(0).unwrap();
        let mut batch = String::new();
        for number in 0..4000 {
            let (high, low) = (number / 250, number % 250);
            writeln!(batch, "route add 192.{high}.{low}.0/32 via 10.1.0.1").unwrap();
        }
        let file = std::env::temp_dir().join(format!("evkk-batch-{}", std::process::id()));
        fs::write(&file, batch).unwrap();
        lab.ip(&format!("-batch {}", file.display()));
        fs::remove_file(&file).unwrap();
        let overrun = async { while watch.changed().await.unwrap() != Changed::ALL {} };
        // Only so that a failure ends: without an overrun this would wait for ever.
        timeout(Duration::from_mins(1), overrun).await.unwrap();
    });
}

#[test]
fn who_deletes_ours_is_told_and_our_own_doing_is_not() {
    let lab = lab();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        let mut watch = Watch::open(door.netlink_port()).unwrap();
        let objects = everything(&lab, Family::V4);
        add_all(&mut door, &objects).await;
        take(&mut door, &[Step::Remove(objects[9].clone())]).await;
        add_all(&mut door, &objects[9..]).await;
        door.abilities().await.unwrap();
        lab.ip("rule add pref 100 lookup 100");
        let mut changed = Changed {
            rules: true,
            ..Changed::default()
        };
        assert_eq!(watch.changed().await.unwrap(), changed);
        lab.ip("rule del pref 100");
        assert_eq!(
            watch.changed().await.unwrap(),
            changed,
            "that one wasn't ours"
        );
        lab.ip("nexthop add id 5 blackhole");
        (changed.rules, changed.nexthops) = (false, true);
        assert_eq!(watch.changed().await.unwrap(), changed);
        for words in [
            "rule del pref 32763",
            "route del default table 7702",
            "nexthop del id 77010",
        ] {
            let ip = lab.start_ip(words);
            let process = ip.id();
            assert!(ip.wait_with_output().unwrap().status.success());
            let undone_by = watch.changed().await.unwrap().undone_by.unwrap();
            assert_eq!(process_of(undone_by), Some(process), "{words}");
        }
        // The kernel, on its own account. Of IPv4 it says nothing.
        add_all(&mut door, &everything(&lab, Family::V6)).await;
        lab.ip("link set wifi0 down");
        let mut changed = Changed::default();
        while changed.undone_by.is_none() {
            // Only so that a failure ends.
            let more = timeout(Duration::from_secs(20), watch.changed())
                .await
                .unwrap();
            changed = changed.or(more.unwrap());
        }
        assert_eq!(changed.undone_by.and_then(process_of), None);
        assert!(changed.links);
    });
}
