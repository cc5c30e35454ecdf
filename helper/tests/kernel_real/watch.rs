//! Notifications: coarse, silent about our own changes, loud after an overrun.

use std::{fmt::Write, fs, time::Duration};

use evenkeeld::kernel::{
    door::Door,
    watch::{Changed, Watch},
};

use tokio::time::timeout;

use crate::{lab::Lab, routes::lead};

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
