//! A whole plan on the real kernel: in, over to the other uplink, and out again.

use std::collections::BTreeSet;

use evenkeel_core::plan::{Family, plan, remains, steps};
use evenkeeld::kernel::{door::Door, sockets::OpenSockets};

use crate::objects::{found, lab, take};

#[test]
fn a_plan_is_in_the_kernel_as_it_was_made_and_goes_without_a_trace() {
    for family in [Family::V4, Family::V6] {
        let lab = lab();
        let before = lab.routing();
        lab.run(async |roots| {
            let mut door = Door::open(roots.clone()).unwrap();
            let abilities = door.abilities().await.unwrap();
            let sockets = OpenSockets::look().await.unwrap();
            let sockets = match family {
                Family::V4 => sockets.v4,
                Family::V6 => sockets.v6,
            };
            for leader in ["wifi0", "usb0", "wifi0"] {
                let now = found(&roots, family).await;
                let plan = plan(&now, abilities).unwrap();
                let aim = plan.towards(lab.ifindex(leader), &now, &sockets);
                take(&mut door, &steps(&now.ours, &aim.objects)).await;
                let now = found(&roots, family).await;
                assert_eq!(now.ours, aim.objects);
                assert_eq!((&now.taken, &now.foreign_rules), (&vec![], &vec![]));
                let again = plan.towards(lab.ifindex(leader), &now, &sockets);
                assert_eq!(steps(&now.ours, &again.objects), []);
            }
            let now = found(&roots, family).await;
            let left = remains(&now, &sockets).objects;
            assert_eq!(left, BTreeSet::new(), "no socket depends on anything");
            take(&mut door, &steps(&now.ours, &left)).await;
        });
        assert_eq!(lab.routing(), before);
    }
}
