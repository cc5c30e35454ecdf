//! Where routes can't be built, or don't stay, or don't work: nothing is changed, or all of it is
//! taken back, and the reason is told.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of these tests fail the test, as its own body would"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel_dbus::{CostReason, Reason, UplinkInfo, Way};
use evenkeel_lab::flows::{Family, Flows, Kind, Pace};
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::{harmed, separate};
use evenkeel_lab::{Kind as Manages, Lab, LabError, LabSpec, Metered, Proc, Routes};

type Outcome = Result<(), LabError>;

/// Metric of a default route that is better than the uplinks'.
const BETTER: u32 = 50;

fn sh(lab: &Lab, namespace: &str, script: &str) -> Outcome {
    let script = format!("set -e; {script}");
    lab.command(namespace, ["sh", "-c", &script])
        .text()
        .map(drop)
}

/// Brings a lab into a state by `script`, and expects game mode refused for `reason` without a trace.
fn refused(uplinks: u8, script: &str, reason: Reason, words: &str) -> Outcome {
    refused_all(uplinks, script, reason, reason, words)
}

/// The same, where what is wrong with the machine and with each family aren't the same.
fn refused_all(
    uplinks: u8,
    script: &str,
    reason: Reason,
    of_family: Reason,
    words: &str,
) -> Outcome {
    let scene = Scene::start(&separate(uplinks))?;
    sh(&scene.lab, "pc", script)?;
    scene.wait_for(
        &format!("{reason:?}"),
        || Ok(scene.view()?.reason == reason),
    )?;
    let before = scene.lab.snapshot()?;
    for hold in [0, 1] {
        let said = scene.call("player", "EnterGameMode", &[hold])?;
        assert!(
            said.starts_with("io.github.evenkeel.Error.NotSupported"),
            "{said}"
        );
        assert!(said.contains(words), "{said:?} has no {words:?}");
    }
    let view = scene.view()?;
    assert!(!view.game_mode && view.plan.is_empty(), "{view:#?}");
    for family in Family::BOTH {
        assert_eq!(view.reason(family), of_family, "{view:#?}");
        assert_eq!(view.way(family), None, "{view:#?}");
    }
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn two_uplinks_in_one_network_are_nothing_to_choose_between() -> Outcome {
    refused(
        2,
        "ip addr add 10.1.0.77/24 dev usb0; ip -6 addr add fd01::77/64 dev usb0 nodad",
        Reason::SameSubnet,
        "same",
    )
}

#[test]
fn a_vpns_better_default_is_left_in_front() -> Outcome {
    let mut scene = Scene::start(&separate(2))?;
    // A tunnel: an interface that is no uplink, whose default is better.
    let _tunnel = tunnel(&mut scene)?;
    scene.wait_for("the VPN to be seen", || {
        Ok(scene.view()?.reason == Reason::ForeignDefault)
    })?;
    let before = scene.lab.snapshot()?;
    let said = scene.call("player", "EnterGameMode", &[1])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.NotSupported"),
        "{said}"
    );
    let detail = scene.view()?.family(Family::V4).detail;
    assert!(detail.contains("tun9"), "{detail:?}");
    before.must_equal(&scene.lab.snapshot()?)
}

/// A tunnel `tun9` with defaults of both families; it goes when the process does.
fn tunnel(scene: &mut Scene) -> Result<Proc, LabError> {
    let program = r#"$| = 1; open my $tun, "+<", "/dev/net/tun" or die "$!\n";
        ioctl $tun, 0x400454ca, pack "a16 S x22", $ARGV[0], 0x1001 or die "$!\n"; print "up\n"; sleep;"#;
    let mut tunnel = scene
        .lab
        .command("pc", ["perl", "-e", program, "tun9"])
        .spawn()?;
    tunnel.wait_for("up", Duration::from_secs(20))?;
    sh(
        &scene.lab,
        "pc",
        &format!(
            "ip addr add 10.99.0.2/24 dev tun9; ip addr add fd99::2/64 dev tun9 nodad
             ip link set tun9 up; ip route add default dev tun9 metric {BETTER}
             ip -6 route add default dev tun9 metric {BETTER}"
        ),
    )?;
    Ok(tunnel)
}

#[test]
fn a_vpn_that_comes_in_game_mode_gets_everything_and_going_gives_it_back() -> Outcome {
    let mut scene = Scene::start(&separate(2))?;
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let before = scene.lab.snapshot()?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    let tunnel = tunnel(&mut scene)?;
    // A connection must not go past the VPN, not even one bound to an uplink's address.
    scene.wait_for("our objects' end", || Ok(scene.lab.ours()?.is_empty()))?;
    let view = scene.view()?;
    assert!(view.game_mode, "it is still held");
    assert_eq!(view.reason(Family::V4), Reason::ForeignDefault, "{view:#?}");
    drop(tunnel);
    scene.wait_until_led_to("usb0")?;
    scene.must("LeaveGameMode", &[])?;
    scene.wait_until_as_before(&before)
}

#[test]
fn somebody_elses_policy_rule_is_not_guessed_at() -> Outcome {
    refused(
        2,
        "ip rule add pref 1000 from 10.9.9.0/24 lookup 99
         ip -6 rule add pref 1000 from fd09::/64 lookup 99",
        Reason::ForeignRules,
        "rule",
    )
}

#[test]
fn somebody_elses_use_of_our_numbers_is_left_alone() -> Outcome {
    // A rule where ours would be, and a route in the table of the first uplink.
    refused(
        2,
        "ip rule add pref 32762 from 10.9.9.9 lookup 254
         ip -6 rule add pref 32762 from fd09::9 lookup 254",
        Reason::ForeignRules,
        "rule",
    )?;
    refused(
        2,
        "ip route add 198.51.100.0/24 via 10.1.0.1 table 7701
         ip -6 route add 2001:db8:77::/64 via fd01::1 table 7701",
        Reason::NumbersTaken,
        "number",
    )
}

#[test]
fn one_uplink_is_no_choice() -> Outcome {
    refused(1, "true", Reason::OneUplink, "only one uplink")
}

#[test]
fn no_default_route_is_nothing_to_go_before() -> Outcome {
    refused_all(
        2,
        "ip route flush default; ip -6 route flush default",
        Reason::NoUplink,
        Reason::NoDefault,
        "no interface has a default gateway",
    )
}

#[test]
fn one_family_that_cant_be_steered_does_not_hinder_the_other() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    sh(
        &scene.lab,
        "pc",
        "ip -6 rule add pref 1000 from fd09::/64 lookup 99",
    )?;
    scene.wait_for("the rule to be seen", || {
        Ok(scene.view()?.reason(Family::V6) == Reason::ForeignRules)
    })?;
    let before = scene.lab.snapshot()?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_for("IPv4 steered", || {
        Ok(scene.lab.led_to(Family::V4)?.is_some())
    })?;
    assert!(scene.lab.ours()?.iter().all(|line| line.starts_with("v4 ")));
    let view = scene.view()?;
    assert_eq!(view.way(Family::V4), Some(Way::Single), "{view:#?}");
    assert_eq!(view.way(Family::V6), None, "{view:#?}");
    scene.must("LeaveGameMode", &[])?;
    scene.wait_until_as_before(&before)
}

#[test]
fn whoever_keeps_deleting_our_rules_wins_and_is_named() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let before = scene.lab.snapshot()?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    // One process for all of it, so that it can be named.
    let mut meddler = scene
        .lab
        .command("pc", ["ip", "-force", "-batch", "-"])
        .spawn()?;
    let has_rule = || {
        let ours = scene.lab.ours()?;
        Ok::<_, LabError>(ours.iter().any(|line| line.starts_with("v4 rule 32762")))
    };
    scene.wait_for("the helper to step back", || {
        if has_rule()? {
            meddler.write(b"rule del pref 32762\n")?;
        }
        Ok(scene.view()?.reason(Family::V4) == Reason::Undone)
    })?;
    let detail = scene.view()?.family(Family::V4).detail;
    assert!(detail.contains("ip"), "nobody is named: {detail:?}");
    scene.wait_until_led_by_the_system()?;
    // No flow needs anything, so nothing is left; and it stays so.
    scene.wait_until_as_before(&before)?;
    std::thread::sleep(Duration::from_secs(3));
    before.must_equal(&scene.lab.snapshot()?)?;
    // Leaving and entering begins anew.
    scene.must("LeaveGameMode", &[])?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    scene.must("LeaveGameMode", &[])?;
    scene.wait_until_as_before(&before)
}

#[test]
fn a_rule_that_is_deleted_once_is_put_back() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    let whole = scene.lab.ours()?;
    sh(
        &scene.lab,
        "pc",
        "ip rule del pref 32762 && ip -6 route del default proto 77 metric 99 && ip route flush table 7702",
    )?;
    // All three were there to be deleted, or `ip` had failed; being back takes some 10 ms.
    scene.wait_for("all of ours", || Ok(scene.lab.ours()? == whole))
}

/// Lets nothing reach the anchors but what is bound to the interface of an uplink: `IPsec` policies of
/// the kernel can tell that apart.
const ONLY_BOUND: &str = "for to in 203.0.113.1/32 2001:db8:6::1/128; do
    for dev in wifi0 usb0; do
        ip xfrm policy add dst $to dev $dev dir out priority 100 action allow; done
    ip xfrm policy add dst $to dir out priority 200 action block; done";

#[test]
fn routes_through_which_the_anchor_stops_answering_are_taken_back() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let before = scene.lab.snapshot()?;
    sh(&scene.lab, "pc", ONLY_BOUND)?;
    scene.must("EnterGameMode", &[1])?;
    assert!(!scene.lab.ours()?.is_empty(), "nothing was built");
    scene.wait_for("the way back", || {
        Ok(scene.view()?.reason(Family::V4) == Reason::NotConfirmed)
    })?;
    assert!(scene.lab.ours()?.is_empty(), "{:#?}", scene.lab.ours()?);
    before.must_equal(&scene.lab.snapshot()?)?;
    let view = scene.view()?;
    assert_eq!(view.reason(Family::V6), Reason::NotConfirmed, "{view:#?}");
    assert!(view.family(Family::V4).detail.contains("does not answer"));
    // It is tried again only when somebody asks again.
    std::thread::sleep(Duration::from_secs(3));
    before.must_equal(&scene.lab.snapshot()?)?;
    sh(&scene.lab, "pc", "ip xfrm policy flush")?;
    scene.must("LeaveGameMode", &[])?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    scene.must("LeaveGameMode", &[])?;
    scene.wait_until_as_before(&before)
}

#[test]
fn an_anchor_that_never_answered_is_no_reason_to_go_back() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    // The server answers neither probes nor connections at its own address.
    sh(
        &scene.lab,
        "srv",
        "nft 'table inet deaf { chain to_srv { type filter hook input priority 0;
            ip daddr 203.0.113.1 drop
            ip6 daddr 2001:db8:6::1 drop
            }
            }'",
    )?;
    scene.wait_for_plan(&Family::BOTH)?;
    scene.must("EnterGameMode", &[1])?;
    // Longer than it takes to judge it.
    std::thread::sleep(Duration::from_secs(7));
    for family in Family::BOTH {
        assert!(scene.lab.led_to(family)?.is_some(), "{family:?}");
    }
    Ok(())
}

#[test]
fn what_the_plan_says_beforehand_is_what_is_there_afterwards() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    scene.wait_for_plan(&Family::BOTH)?;
    let text = scene.evenkeel("player", &["plan", "--json"])?.text()?;
    let said: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut steps = Vec::new();
    for family in said["families"].as_array().unwrap() {
        for step in family["steps"].as_array().unwrap() {
            steps.push(step.as_str().unwrap().to_owned());
        }
    }
    assert!(steps.len() >= 2 * (3 + 2 + 1), "{text}");
    // Somebody types it in another machine, and gets what the helper makes in this one.
    let typed = Lab::start(&separate(2))?;
    sh(&typed, "pc", &steps.join("\n"))?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_for("both families' defaults", || {
        Ok(scene.lab.led_to(Family::V4)?.is_some() && scene.lab.led_to(Family::V6)?.is_some())
    })?;
    assert!(scene.view()?.plan.is_empty(), "it is in force");
    assert_eq!(scene.lab.ours()?, typed.ours()?);
    Ok(())
}

fn costs(scene: &Scene) -> Result<BTreeMap<String, (u32, CostReason)>, LabError> {
    let shown = |uplink: &UplinkInfo| {
        let reason = CostReason::from_wire(uplink.cost_reason);
        (uplink.name.clone(), (uplink.cost, reason))
    };
    Ok(scene.view()?.uplinks.iter().map(shown).collect())
}

#[test]
fn a_metered_uplink_costs_double_until_somebody_says_otherwise() -> Outcome {
    let scene = Scene::start(&LabSpec {
        routes: Routes::Managed,
        ..LabSpec::default()
    })?;
    let manager = scene.lab.start_manager(Manages::NetworkManager)?;
    scene.wait_for_plan(&Family::BOTH)?;
    let wait_for_cost = |name: &str, cost, reason| {
        scene.wait_for(&format!("{name} to cost {cost}"), || {
            Ok(costs(&scene)?.get(name) == Some(&(cost, reason)))
        })
    };
    for name in ["wifi0", "usb0"] {
        wait_for_cost(name, 100, CostReason::Neutral)?;
    }
    manager.set_metered("usb0", Metered::Yes)?;
    wait_for_cost("usb0", 200, CostReason::Metered)?;
    assert_eq!(costs(&scene)?["wifi0"], (100, CostReason::Neutral));

    let ifindex = i64::from(scene.view()?.uplink("usb0")?.ifindex);
    scene.must("SetUplinkCost", &[ifindex, 120, 1])?;
    wait_for_cost("usb0", 120, CostReason::Set)?;
    scene.must("Revert", &[])?;
    wait_for_cost("usb0", 200, CostReason::Metered)?;
    manager.set_metered("usb0", Metered::No)?;
    wait_for_cost("usb0", 100, CostReason::Neutral)
}

#[test]
fn revert_ends_the_draining_at_once_and_what_depends_on_it() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let before = scene.lab.snapshot()?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    let flows = Flows::start(&scene.lab)?;
    for family in Family::BOTH {
        let shares = flows.open(Kind::UdpConnected, family, 20, Pace::Quiet)?;
        assert_eq!(shares.on("usb0"), 20, "{shares:?}");
    }
    scene.must("LeaveGameMode", &[])?;
    scene.wait_until_led_by_the_system()?;
    assert!(scene.view()?.draining.rules > 0);
    assert!(harmed(&flows.census()).is_empty());
    scene.must("Revert", &[])?;
    before.must_equal(&scene.lab.snapshot()?)?;
    assert_eq!(scene.view()?.draining.rules, 0);
    let dead: usize = flows.census().iter().map(|census| census.dead).sum();
    assert_eq!(dead, 40, "that is what Revert says it does");
    Ok(())
}
