//! The counters, read from recorded trees and from the running kernel.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::fs;
use std::path::PathBuf;

use evenkeel_evidence::Roots;
use evenkeel_evidence::counters::{Counters, Interface};

/// A tree of kernel files, removed when dropped.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("evenkeel-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn roots(&self) -> Roots {
        Roots {
            proc: self.0.join("proc"),
            sys: self.0.join("sys"),
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn interface(name: &str) -> Interface {
    Interface {
        ifindex: 3,
        name: name.to_owned(),
    }
}

/// A laptop's files.
fn laptop(name: &str) -> Tree {
    let tree = Tree::new(name);
    let header = "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n";
    let row = " wlan0: 5000 48 2 7 0 1 0 12 700 30 3 9 0 4 0 0\n";
    tree.write("proc/self/net/dev", &format!("{header}{row}"));
    tree.write(
        "proc/net/softnet_stat",
        "000001 0000000a 00000001\n000001 00000002 00000001\n",
    );
    let pressure = |some: u64| {
        format!(
            "some avg10=0.00 avg60=0.00 avg300=0.00 total={some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
        )
    };
    for (at, what) in ["cpu", "io", "memory"].into_iter().enumerate() {
        tree.write(&format!("proc/pressure/{what}"), &pressure(100 + at as u64));
    }
    let cpu = "sys/devices/system/cpu";
    tree.write(
        &format!("{cpu}/cpu0/thermal_throttle/package_throttle_count"),
        "31\n",
    );
    tree.write(
        &format!("{cpu}/cpufreq/policy0/scaling_max_freq"),
        "1600000\n",
    );
    tree.write(
        &format!("{cpu}/cpufreq/policy0/cpuinfo_max_freq"),
        "3200000\n",
    );
    tree
}

#[test]
fn everything_there_is_is_read() {
    let tree = laptop("everything");
    let reading = Counters::open(&tree.roots()).read(9, &[interface("wlan0")]);
    assert_eq!(reading.at_ns, 9);
    assert_eq!(reading.cpu_stall_us, Some(100));
    assert_eq!(
        (reading.io_stall_us, reading.memory_stall_us),
        (Some(7), Some(7))
    );
    assert_eq!(
        (reading.softnet_dropped, reading.softnet_squeezed),
        (Some(12), Some(2))
    );
    assert_eq!(
        (reading.throttles, reading.cpu_limit_permille),
        (Some(31), Some(500))
    );
    let link = reading.links[0];
    assert_eq!((link.ifindex, link.rx_bytes, link.tx_bytes), (3, 5000, 700));
    assert_eq!((link.rx_errors, link.rx_dropped), (2, 7));
    assert_eq!((link.tx_errors, link.tx_dropped), (3, 9));
}

#[test]
fn a_second_reading_sees_what_changed() {
    let tree = laptop("changed");
    let mut counters = Counters::open(&tree.roots());
    let _ = counters.read(1, &[interface("wlan0")]);
    tree.write("proc/net/softnet_stat", "000001 0000000f 00000001\n");
    assert_eq!(counters.read(2, &[]).softnet_dropped, Some(15));
}

#[test]
fn what_is_not_there_or_not_a_number_is_left_out() {
    let tree = laptop("left-out");
    fs::remove_dir_all(tree.0.join("proc/pressure")).unwrap();
    tree.write("proc/net/softnet_stat", "none of this\n");
    let reading = Counters::open(&tree.roots()).read(1, &[interface("eth7")]);
    assert_eq!(
        (reading.cpu_stall_us, reading.softnet_dropped),
        (None, None)
    );
    assert!(reading.links.is_empty());
    let nothing = Counters::open(&Tree::new("nothing").roots()).read(1, &[interface("wlan0")]);
    assert_eq!(
        (nothing.throttles, nothing.cpu_limit_permille),
        (None, None)
    );
    assert!(nothing.links.is_empty());
}

#[test]
fn a_file_longer_than_a_page_is_read_to_its_end() {
    let tree = laptop("long");
    let filler = " eth0: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n".repeat(500);
    let row = "wlan0: 5001 48 2 7 0 1 0 12 700 30 3 9 0 4 0 0\n";
    tree.write("proc/self/net/dev", &format!("{filler}{row}"));
    let reading = Counters::open(&tree.roots()).read(1, &[interface("wlan0")]);
    assert_eq!(reading.links[0].rx_bytes, 5001);
}

#[test]
fn the_running_kernel_tells_of_receiving_and_of_the_loopback() {
    let mut counters = Counters::open(&Roots::default());
    let loopback = Interface {
        ifindex: 1,
        name: "lo".to_owned(),
    };
    let reading = counters.read(1, std::slice::from_ref(&loopback));
    assert!(reading.softnet_dropped.is_some());
    assert_eq!(reading.links.len(), 1);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let _ = socket
        .send_to(&[0; 900], socket.local_addr().unwrap())
        .unwrap();
    let after = counters.read(2, &[loopback]);
    assert!(after.links[0].rx_bytes >= reading.links[0].rx_bytes + 900);
}
