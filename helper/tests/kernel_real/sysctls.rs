//! The lowpower sysctls: a recorded tree, and real kernel files behind it where parsing matters.

use std::fs;

use evenkeel_core::plan::numbers::SYSTEM_TABLE;
use evenkeel_dbus::{Backend, PatchKind, Reason, TunableState};
use evenkeeld::kernel::{
    Roots,
    door::Door,
    error::DoorError,
    lowpower::Lowpower,
    survey::survey,
    sysctl::{Knob, SysctlError, SysctlTree},
};
use nix::unistd::{Uid, setfsuid};

use crate::lab::{EMA_FACTOR, FLUSH, Lab, POWER_COST, PREFER_BUSY, backend_of};

fn value(roots: &Roots, place: &str) -> String {
    fs::read_to_string(roots.proc_sys.join(place))
        .unwrap()
        .trim()
        .to_owned()
}

fn both(lab: &Lab) -> (Lowpower, (Backend, Reason)) {
    let found = lab.run(async |roots| survey(&roots).await).unwrap();
    (found.lowpower.clone(), backend_of(&found))
}

#[test]
fn the_recorded_tree_decides_the_backend() {
    let lab = Lab::empty();
    assert_eq!(
        both(&lab),
        (Lowpower::Absent, (Backend::Observe, Reason::NoUplink))
    );

    lab.write_tree(EMA_FACTOR, "512\n");
    let partial = Lowpower::Partial {
        missing: Knob::PowerCost,
    };
    assert_eq!(
        both(&lab),
        (partial, (Backend::Observe, Reason::LowpowerPartial))
    );

    lab.write_tree(POWER_COST, "100\n");
    let present = Lowpower::Present {
        ema_factor: 512,
        power_cost: 100,
        prefers_busy: None,
    };
    assert_eq!(both(&lab), (present, (Backend::Lowpower, Reason::Ready)));

    lab.write_tree(POWER_COST, "-2147483648\n");
    let negative = Lowpower::Present {
        ema_factor: 512,
        power_cost: i32::MIN,
        prefers_busy: None,
    };
    assert_eq!(both(&lab), (negative, (Backend::Lowpower, Reason::Ready)));

    for text in ["2147483648\n", "ten\n", "", "1 2\n", &"1".repeat(1000)] {
        lab.write_tree(POWER_COST, text);
        let (lowpower, backend) = both(&lab);
        let unreadable = matches!(
            lowpower,
            Lowpower::Unreadable {
                knob: Knob::PowerCost,
                ..
            }
        );
        assert!(unreadable, "{text:?}: {lowpower:?}");
        assert_eq!(backend, (Backend::Observe, Reason::LowpowerUnreadable));
    }
}

#[test]
fn half_a_patch_falls_back_to_the_routes_and_stays_visible() {
    let lab = Lab::with_multipath();
    lab.write_tree(POWER_COST, "100\n");
    let (_, backend) = both(&lab);
    assert_eq!(backend, (Backend::Ecmp, Reason::LowpowerPartial));
}

#[test]
fn a_sysctl_that_may_not_be_read_is_unreadable_and_not_absent() {
    let lab = Lab::empty();
    lab.write_tree(EMA_FACTOR, "512\n");
    lab.write_tree(POWER_COST, "100\n");
    lab.run(async |roots| {
        // This thread's file accesses become nobody's; the tree's directory is root's, 0700.
        setfsuid(Uid::from_raw(65534));
        let tree = SysctlTree::new(&roots.proc_sys);
        let read = tree.read(Knob::EmaFactor);
        assert!(
            matches!(read, Err(SysctlError::Unreadable { .. })),
            "{read:?}"
        );
        assert!(matches!(
            Lowpower::read(&tree),
            Lowpower::Unreadable {
                knob: Knob::EmaFactor,
                ..
            }
        ));
    });
}

#[test]
fn links_in_the_tree_are_not_followed() {
    let lab = Lab::empty();
    let target = lab.roots().runtime_dir.join("elsewhere");
    fs::write(&target, "512\n").unwrap();
    std::os::unix::fs::symlink(&target, lab.roots().proc_sys.join(EMA_FACTOR)).unwrap();
    let tree = SysctlTree::new(&lab.roots().proc_sys);
    assert!(matches!(
        tree.read(Knob::EmaFactor),
        Err(SysctlError::Unreadable { .. })
    ));
    assert!(matches!(
        tree.write(Knob::EmaFactor, 600),
        Err(SysctlError::Unwritable { .. })
    ));
    assert_eq!(fs::read_to_string(&target).unwrap(), "512\n");
}

#[test]
fn writing_never_makes_a_file() {
    let lab = Lab::empty();
    let tree = SysctlTree::new(&lab.roots().proc_sys);
    assert!(matches!(
        tree.write(Knob::EmaFactor, 600),
        Err(SysctlError::Absent { .. })
    ));
    assert!(!lab.roots().proc_sys.join(EMA_FACTOR).exists());
}

#[test]
fn a_held_sysctl_is_set_in_the_kernel_and_comes_back() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        for factor in [600, 0, 7, 1000] {
            door.set_sysctl(Knob::EmaFactor, factor).unwrap();
            assert_eq!(value(&roots, EMA_FACTOR), factor.to_string());
        }
        door.set_sysctl(Knob::PowerCost, 10_000).unwrap();
        let status = door.status(&[]);
        assert_eq!(
            (status[0].id.as_str(), status[1].id.as_str()),
            ("ema-factor", "power-cost")
        );
        assert_eq!(
            (status[0].original.as_str(), status[0].current.as_str()),
            ("512", "1000")
        );
        assert_eq!(
            (status[1].wanted.as_str(), status[1].state),
            ("10000", TunableState::Held)
        );
        door.release_sysctl(Knob::EmaFactor).unwrap();
        assert_eq!(value(&roots, EMA_FACTOR), "512");
        assert_eq!(value(&roots, POWER_COST), "10000");
        door.release_sysctl(Knob::PowerCost).unwrap();
        assert_eq!(value(&roots, POWER_COST), "100");
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn a_value_out_of_range_that_somebody_set_is_shown_and_neither_captured_nor_written() {
    let lab = Lab::empty().with_lowpower();
    for theirs in ["-1", "3000000", "-2147483648", "10001"] {
        lab.run(async |roots| {
            fs::write(roots.proc_sys.join(POWER_COST), theirs).unwrap();
            let mut door = Door::open(roots.clone()).unwrap();
            let refused = door.set_sysctl(Knob::PowerCost, 5).unwrap_err();
            assert!(
                matches!(refused, DoorError::Untouchable { .. }),
                "{refused:?}"
            );
            let said = refused.to_string();
            let begins = format!("power-cost: it is {theirs}, which is outside 0 to 10000: with");
            assert!(said.starts_with(&begins), "{said}");
            assert!(said.contains("nothing was changed"), "{said}");
            let todo = "sudo sysctl -w net.ipv4.lowpower_power_cost_weight=N";
            assert!(said.contains(todo), "{said}");
            assert_eq!(value(&roots, POWER_COST), theirs);
            assert!(!roots.runtime_dir.join("originals.json").exists());
            let status = &door.status(&[])[1];
            assert_eq!(
                (status.current.as_str(), status.state),
                (theirs, TunableState::Idle)
            );
            assert!(
                status.why.starts_with(&format!("{theirs} is outside")),
                "{status:?}"
            );
            // Once it is in range it is captured as ever.
            fs::write(roots.proc_sys.join(POWER_COST), "10000").unwrap();
            door.set_sysctl(Knob::PowerCost, 5).unwrap();
            door.release_sysctl(Knob::PowerCost).unwrap();
            assert_eq!(value(&roots, POWER_COST), "10000");
            assert_eq!(door.status(&[])[1].why, "");
        });
    }
}

#[test]
fn no_way_leads_a_dangerous_value_into_the_kernel() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        let tree = SysctlTree::new(&roots.proc_sys);
        for (knob, wrong) in [
            (Knob::PowerCost, -1),
            (Knob::PowerCost, 10_001),
            (Knob::PowerCost, i64::MIN),
            (Knob::EmaFactor, 1025),
            (Knob::EmaFactor, -1),
        ] {
            let refused = tree.write(knob, wrong);
            assert!(matches!(refused, Err(SysctlError::Dangerous { .. })), "{refused:?}");
        }
        // A journal of an older helper may hold such an original.
        fs::write(roots.proc_sys.join(POWER_COST), "250").unwrap();
        let journal = r#"{"version":1,"sysctls":[{"knob":"power-cost","original":-33,"ours":[-33,250]}],"routes":[]}"#;
        fs::write(roots.runtime_dir.join("originals.json"), journal).unwrap();
        let said = Door::open(roots.clone()).unwrap().restore_all().await.unwrap();
        let why = "power-cost: left at 250: its original -33 is outside 0 to 10000, which the \
                   helper never writes";
        assert_eq!(said, [why]);
        assert_eq!(value(&roots, POWER_COST), "250");
        assert!(!roots.runtime_dir.join("originals.json").exists());
        let values = (value(&roots, EMA_FACTOR), value(&roots, POWER_COST));
        assert_eq!(values, ("512".into(), "250".into()));
    });
}

#[test]
fn the_third_sysctl_tells_our_patch_from_the_original_and_is_never_written() {
    let lab = Lab::empty();
    let kind = || Lowpower::read(&SysctlTree::new(&lab.roots().proc_sys)).kind();
    lab.write_tree(PREFER_BUSY, "0\n");
    assert_eq!(kind(), PatchKind::None, "alone it means nothing");
    lab.write_tree(EMA_FACTOR, "512\n");
    lab.write_tree(POWER_COST, "100\n");
    for (text, expected) in [
        ("0\n", PatchKind::Steady),
        ("1\n", PatchKind::Busy),
        ("2\n", PatchKind::Original),
        ("yes\n", PatchKind::Original),
    ] {
        lab.write_tree(PREFER_BUSY, text);
        assert_eq!(kind(), expected, "{text:?}");
        lab.write_tree(FLUSH, "");
        lab.run(async |roots| {
            let mut door = Door::open(roots.clone()).unwrap();
            // A plain file keeps the tail of a longer value: one width.
            door.set_sysctl(Knob::EmaFactor, 700).unwrap();
            door.set_sysctl(Knob::PowerCost, 250).unwrap();
            door.restore_all().await.unwrap();
        });
        let file = lab.roots().proc_sys.join(PREFER_BUSY);
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        fs::remove_file(file).unwrap();
    }
    assert_eq!(kind(), PatchKind::Original);
}

#[test]
fn a_new_value_reaches_our_own_multipath_ipv6_route_and_nobody_elses() {
    let lab = Lab::with_uplinks().with_lowpower();
    let hops = "nexthop via fd01::1 dev wifi0 weight 1 nexthop via fd02::1 dev usb0 weight 2";
    lab.ip(&format!("-6 route add default metric 1024 {hops}"));
    // Ours: the copy of the system's own, over both.
    lab.ip(&format!(
        "-6 route add default proto 77 metric 1024 table {SYSTEM_TABLE} {hops}"
    ));
    // Has our number, and isn't of our making.
    lab.ip(&format!(
        "-6 route add default proto 77 metric 9 table 9999 {hops}"
    ));
    let before = lab.routing();
    let mut said = lab.overhear_routes("-6");
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        assert!(door.set_sysctl(Knob::PowerCost, 250).unwrap());
        door.renew_v6_routes().await;
    });
    // What comes after all of it, so that nothing is missed.
    lab.ip("-6 route add unreachable fd77::/64");
    let heard = said.until("fd77::/64");
    let ours: Vec<&String> = heard
        .iter()
        .filter(|line| line.contains("default"))
        .collect();
    assert_eq!(ours.len(), 1, "{heard:?}");
    assert!(
        ours[0].contains(&format!("table {SYSTEM_TABLE}")),
        "{heard:?}"
    );
    lab.ip("-6 route del unreachable fd77::/64");
    assert_eq!(lab.routing(), before);
}

#[test]
fn values_out_of_range_change_nothing() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        let wrong = [
            (Knob::EmaFactor, 1025),
            (Knob::EmaFactor, -1),
            (Knob::PowerCost, 10_001),
            (Knob::PowerCost, -1),
            (Knob::PowerCost, i64::MAX),
        ];
        for (knob, value) in wrong {
            let refused = door.set_sysctl(knob, value);
            assert!(
                matches!(refused, Err(DoorError::OutOfRange { .. })),
                "{refused:?}"
            );
        }
        assert_eq!(
            (value(&roots, EMA_FACTOR), value(&roots, POWER_COST)),
            ("512".into(), "100".into())
        );
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn a_value_the_kernel_refuses_changes_nothing_and_leaves_no_journal() {
    // The real file behind the factor takes 0 to 1000.
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        let refused = door
            .set_sysctl(Knob::EmaFactor, 1024)
            .unwrap_err()
            .to_string();
        let name = "net/ipv4/lowpower_ema_k_factor";
        assert_eq!(
            refused,
            format!("ema-factor: the kernel refused 1024 for {name}; nothing was changed")
        );
        assert_eq!(value(&roots, EMA_FACTOR), "512");
        assert!(!roots.runtime_dir.join("originals.json").exists());
        // While something is held, a refusal keeps that.
        door.set_sysctl(Knob::EmaFactor, 600).unwrap();
        door.set_sysctl(Knob::EmaFactor, 1024).unwrap_err();
        assert_eq!(value(&roots, EMA_FACTOR), "600");
        door.release_sysctl(Knob::EmaFactor).unwrap();
        assert_eq!(value(&roots, EMA_FACTOR), "512");
    });
}

#[test]
fn a_flush_that_fails_undoes_the_write() {
    let lab = Lab::empty()
        .bind("net/ipv4/tcp_pacing_ss_ratio", EMA_FACTOR)
        .bind("net/ipv4/igmp_max_memberships", POWER_COST);
    assert!(!lab.roots().proc_sys.join(FLUSH).exists());
    lab.run(async |roots| {
        let before = value(&roots, EMA_FACTOR);
        let mut door = Door::open(roots.clone()).unwrap();
        let refused = door
            .set_sysctl(Knob::EmaFactor, 600)
            .unwrap_err()
            .to_string();
        assert!(
            refused.ends_with("was undone, so nothing is changed"),
            "{refused}"
        );
        assert_eq!(value(&roots, EMA_FACTOR), before);
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn a_write_that_reads_back_differently_is_undone() {
    // A file of the kernel that takes 0 for "the default" and then reads 50000.
    let lab = Lab::empty()
        .bind("/proc/self/timerslack_ns", EMA_FACTOR)
        .bind("net/ipv4/route/flush", FLUSH);
    lab.run(async |roots| {
        fs::write(roots.proc_sys.join(EMA_FACTOR), "600").unwrap();
        let mut door = Door::open(roots.clone()).unwrap();
        let refused = door.set_sysctl(Knob::EmaFactor, 0).unwrap_err().to_string();
        let odd = format!("ema-factor: {EMA_FACTOR} reads 50000 after 0 was written; ");
        assert!(refused.starts_with(&odd), "{refused}");
        assert!(
            refused.ends_with("was undone, so nothing is changed"),
            "{refused}"
        );
        assert_eq!(value(&roots, EMA_FACTOR), "600");
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn a_tail_left_by_the_file_system_is_a_failure() {
    let lab = Lab::empty();
    // A plain file keeps the tail of a longer text.
    lab.write_tree(EMA_FACTOR, "512\n");
    lab.write_tree(FLUSH, "");
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        door.set_sysctl(Knob::EmaFactor, 7).unwrap_err();
        assert_eq!(value(&roots, EMA_FACTOR), "512");
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn a_value_somebody_else_set_is_theirs_until_released() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        door.set_sysctl(Knob::EmaFactor, 600).unwrap();
        fs::write(roots.proc_sys.join(EMA_FACTOR), "77").unwrap();
        assert!(door.refresh().await.unwrap());
        let status = &door.status(&[])[0];
        assert_eq!(
            (status.state, status.current.as_str()),
            (TunableState::StoodBack, "77")
        );
        let refused = door.set_sysctl(Knob::EmaFactor, 500);
        assert!(
            matches!(refused, Err(DoorError::StoodBack { .. })),
            "{refused:?}"
        );
        door.release_sysctl(Knob::EmaFactor).unwrap();
        assert_eq!(value(&roots, EMA_FACTOR), "77");
        door.set_sysctl(Knob::EmaFactor, 500).unwrap();
        door.release_sysctl(Knob::EmaFactor).unwrap();
        assert_eq!(value(&roots, EMA_FACTOR), "77");
    });
}

#[test]
fn a_restore_after_a_kill_leaves_a_strangers_value_alone() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        Door::open(roots.clone())
            .unwrap()
            .set_sysctl(Knob::EmaFactor, 600)
            .unwrap();
        fs::write(roots.proc_sys.join(EMA_FACTOR), "77").unwrap();
        let said = Door::open(roots.clone())
            .unwrap()
            .restore_all()
            .await
            .unwrap();
        assert_eq!(
            said,
            ["ema-factor: left at 77, which somebody else set; it was 512"]
        );
        assert_eq!(value(&roots, EMA_FACTOR), "77");
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn without_a_refresh_the_next_set_notices_the_stranger_too() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        door.set_sysctl(Knob::PowerCost, 200).unwrap();
        fs::write(roots.proc_sys.join(POWER_COST), "-7").unwrap();
        let refused = door.set_sysctl(Knob::PowerCost, 300);
        assert!(
            matches!(refused, Err(DoorError::StoodBack { .. })),
            "{refused:?}"
        );
        door.restore_all().await.unwrap();
        assert_eq!(value(&roots, POWER_COST), "-7");
    });
}

#[test]
fn on_a_stock_kernel_there_is_no_sysctl_to_set() {
    let lab = Lab::empty();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        let refused = door.set_sysctl(Knob::EmaFactor, 512);
        assert!(
            matches!(refused, Err(DoorError::NotSupported { .. })),
            "{refused:?}"
        );
        assert_eq!(door.status(&[]), []);
    });
}
