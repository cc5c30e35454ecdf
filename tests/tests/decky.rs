//! The Decky plugin's backend, as it is packed, against the real helper: as the player outside any
//! session, with the optional polkit rules and without. `repo` looks at files only; `built` needs the
//! packed plugin and is run by `make test-decky`. The panel itself is tested in a browser, in
//! packaging/decky/tests.

mod repo {
    use std::fs;

    use evenkeel_dbus::action;

    const RULES: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../packaging/decky/polkit/49-evenkeel-decky.rules"
    );

    #[test]
    fn the_rules_name_exactly_the_actions_of_the_contract() {
        let text = fs::read_to_string(RULES).expect("the rules file");
        let mut named: Vec<&str> = text
            .split('"')
            .filter(|part| part.starts_with("io.github."))
            .collect();
        named.sort_unstable();
        let mut actions = vec![action::OBSERVE, action::GAME_MODE, action::TUNE];
        actions.sort_unstable();
        assert_eq!(named, actions);
    }
}

mod built {
    use std::fs;
    use std::time::Duration;

    use evenkeel_dbus::UplinkState;
    use evenkeel_dbus::feed::{self, Record};
    use evenkeel_lab::lab::wait_until;
    use evenkeel_lab::loader::{self, MODULES, PATIENCE, PYTHON, Plugin, SETTINGS};
    use evenkeel_lab::scene::Scene;
    use evenkeel_lab::{LabError, LabSpec};
    use nix::sys::signal::Signal;
    use serde_json::{Value, json};

    type Outcome = Result<(), LabError>;

    const GAME: (&str, &str) = ("1145350", "Hades II");

    /// A lab with the plugin unpacked in it. The first uplink is the steadier.
    fn scene(spec: &LabSpec) -> Result<Scene, LabError> {
        let scene = Scene::start(spec)?;
        for uplink in scene.lab.uplinks() {
            let delay_us = if uplink.name == "wifi0" { 5000 } else { 25_000 };
            let link = scene.lab.link(uplink.name)?;
            link.set(&format!("both delay_us={delay_us} jitter_us=0"))?;
        }
        loader::install(&scene.lab)?;
        Ok(scene)
    }

    fn allow(scene: &Scene) -> Outcome {
        loader::join_wheel(&scene.lab)?;
        loader::install_rules(&scene.lab)
    }

    fn wait_for_game_mode(scene: &Scene, on: bool) -> Outcome {
        wait_until(&format!("game mode {on}"), PATIENCE, || {
            Ok(scene.view()?.game_mode == on)
        })
    }

    #[test]
    fn without_the_rules_the_plugin_is_refused_in_words_and_nothing_changes() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        loader::join_wheel(&scene.lab)?;
        let before = scene.lab.snapshot()?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let state = plugin.wait("the refusal of the feed", |state| {
            state["feed"]["word"] == "NotAuthorized"
        })?;
        assert_eq!(state["link"], "up");
        assert_eq!(
            state["uplinks"].as_array().map(Vec::len),
            Some(2),
            "{state}"
        );
        let state = plugin.press(true)?;
        assert_eq!(state["refusal"]["word"], "NotAuthorized", "{state}");
        assert!(
            state["refusal"]["sentence"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert_eq!(state["wanted"], false, "the switch goes back");
        assert_eq!(state["rules"]["brought"], "", "{state}");
        assert_eq!(state["rules"]["member"], true, "{state}");
        assert_eq!(plugin.events("live"), Vec::<Value>::new());
        assert!(!scene.view()?.game_mode);
        before.must_equal(&scene.lab.snapshot()?)
    }

    #[test]
    fn with_the_rules_it_sees_switches_tunes_and_leaves_nothing() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        let before = scene.lab.snapshot()?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let at_rest = plugin.sockets()?;
        let _ = plugin.wait("the leader", |state| state["uplinks"][0]["leader"] == true)?;
        let measured = |live: &Value, ifindex: &str| {
            live["uplinks"][ifindex]["rtt_us"]
                .as_u64()
                .is_some_and(|us| us >= 10_000)
        };
        let ifindex = scene.view()?.uplink("wifi0")?.ifindex.to_string();
        wait_until("figures and a minute that grows", PATIENCE, || {
            let live = plugin.events("live");
            let drawn = |live: &Value| {
                let series = live["series"].as_array().cloned().unwrap_or_default();
                series.iter().filter(|us| us.as_i64() > Some(0)).count() > 3
            };
            Ok(live
                .last()
                .is_some_and(|live| measured(live, &ifindex) && drawn(live)))
        })?;

        let state = plugin.press(true)?;
        assert_eq!(state["hold"], "held", "{state}");
        assert_eq!(state["refusal"], Value::Null, "{state}");
        let state = plugin.wait("game mode in force", |state| {
            state["game_mode"] == true && state["families"][0]["in_force"] == true
        })?;
        assert_eq!(state["backend"], 1);
        let _ = plugin.call("set_ema", &json!([640]))?;
        let _ = plugin.wait("the sensitivity", |state| state["ema_in_force"] == 640)?;

        let _ = plugin.press(false)?;
        let _ = plugin.wait("the end of game mode", |state| {
            state["game_mode"] == false && state["ema_in_force"] == 512
        })?;
        let _ = plugin.call("panel_closed", &json!([]))?;
        assert_eq!(plugin.sockets()?, at_rest, "it left the bus");
        wait_until("the end of sampling", PATIENCE, || {
            Ok(scene.status()?["sampling"] == false)
        })?;
        let told = plugin.events("live").len() + plugin.events("state").len();
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(
            plugin.events("live").len() + plugin.events("state").len(),
            told,
            "no event while nobody looks"
        );
        before.must_equal(&scene.lab.snapshot()?)
    }

    #[test]
    fn the_rules_open_nothing_to_anybody_else() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        // The rules are there, but the player is not in the group.
        loader::install_rules(&scene.lab)?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let state = plugin.press(true)?;
        assert_eq!(state["refusal"]["word"], "NotAuthorized", "{state}");
        assert_eq!(state["rules"]["member"], false, "{state}");
        loader::join_wheel(&scene.lab)?;
        let state = plugin.press(true)?;
        assert_eq!(state["hold"], "held", "{state}");
        for (method, numbers) in [("EnterGameMode", vec![0]), ("Subscribe", vec![1])] {
            let said = scene.call("nobody", method, &numbers)?;
            assert!(said.contains("NotAuthorized"), "{method}: {said}");
        }
        // An action that the rules do not name stays closed to the group.
        let player = scene.lab.user("player")?;
        let script = "exec pkcheck --action-id io.github.evenkeel.lab.probe --process $$";
        let check = scene
            .lab
            .command("pc", ["sh", "-c", script])
            .user(&player)
            .output()?;
        assert!(!check.success(), "{check:?}");
        Ok(())
    }

    #[test]
    fn however_the_plugin_ends_game_mode_ends_with_it() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        let before = scene.lab.snapshot()?;
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            let mut plugin = Plugin::start(&scene.lab)?;
            let _ = plugin.call("set_ema", &json!([700]))?;
            let state = plugin.press(true)?;
            assert_eq!(state["hold"], "held", "{state}");
            wait_for_game_mode(&scene, true)?;
            plugin.process.signal(signal)?;
            let _ = plugin.process.wait(PATIENCE)?;
            wait_for_game_mode(&scene, false)?;
            wait_until("the old routes", PATIENCE, || {
                Ok(before.must_equal(&scene.lab.snapshot()?).is_ok())
            })?;
            assert_eq!(scene.status()?["ema_factor"], 512);
        }
        Ok(())
    }

    #[test]
    fn a_helper_that_is_killed_is_said_and_game_mode_comes_back_with_it() -> Outcome {
        let mut scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let _ = plugin.press(true)?;
        let _ = plugin.call("set_ema", &json!([640]))?;
        let _ = plugin.wait("game mode", |state| {
            state["game_mode"] == true && state["ema_in_force"] == 640
        })?;
        scene.end_helper(Signal::SIGKILL)?;
        let state = plugin.wait("the helper's absence", |state| state["link"] != "up")?;
        assert_eq!(state["wanted"], true, "{state}");
        let _ = scene.restore()?;
        scene.start_helper()?;
        let _ = plugin.wait("game mode again", |state| {
            state["link"] == "up" && state["game_mode"] == true && state["ema_in_force"] == 640
        })?;
        let live = plugin.events("live").len();
        wait_until("the feed again", PATIENCE, || {
            Ok(plugin.events("live").len() > live + 2)
        })?;
        let states = plugin.events("state");
        assert!(
            states.iter().any(|state| state["link"] == "restarting"),
            "{states:?}"
        );
        Ok(())
    }

    #[test]
    fn an_absent_helper_is_said_and_found_when_it_comes() -> Outcome {
        let mut scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        scene.end_helper(Signal::SIGTERM)?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let state = plugin.wait("the absence", |state| state["link"] == "absent")?;
        let command = state["remedy"]["command"].as_str().unwrap_or_default();
        assert!(command.contains("install"), "{state}");
        let state = plugin.press(true)?;
        assert_eq!(state["refusal"]["word"], "Silent", "{state}");
        assert_eq!(state["wanted"], false);
        scene.start_helper()?;
        let _ = plugin.wait("the helper", |state| state["link"] == "up")?;
        let state = plugin.press(true)?;
        assert_eq!(state["hold"], "held", "{state}");
        Ok(())
    }

    #[test]
    fn a_bus_that_ends_is_said() -> Outcome {
        let mut scene = scene(&LabSpec::default())?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let _ = plugin.wait("the helper", |state| state["link"] == "up")?;
        scene.lab.stop_bus()?;
        let _ = plugin.wait("the end of the bus", |state| state["link"] == "no-bus")?;
        let state = plugin.press(true)?;
        assert_eq!(state["refusal"]["word"], "Silent", "{state}");
        Ok(())
    }

    #[test]
    fn a_bus_policy_that_an_update_took_away_is_said() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        let policy = "/run/evenkeel-lab/dbus/system.d/io.github.evenkeel.Helper1.conf";
        fs::remove_file(scene.lab.host_path(policy))
            .map_err(|error| LabError::io("removing the policy", error))?;
        let reload = [
            "dbus-send",
            "--system",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.ReloadConfig",
        ];
        let _ = scene.lab.command("pc", reload).text()?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let state = plugin.wait("the closed bus", |state| state["link"] == "blocked")?;
        assert_eq!(state["remedy"]["command"], "evenkeel doctor", "{state}");
        let state = plugin.press(true)?;
        assert_eq!(state["refusal"]["word"], "Blocked", "{state}");
        Ok(())
    }

    #[test]
    fn what_the_helper_refuses_comes_with_its_reason() -> Outcome {
        let scene = scene(&LabSpec::with_uplinks(1))?;
        allow(&scene)?;
        let before = scene.lab.snapshot()?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let _ = plugin.wait("the reason", |state| state["reason"] == 2)?;
        let state = plugin.press(true)?;
        assert_eq!(state["refusal"]["word"], "NotSupported", "{state}");
        let sentence = state["refusal"]["sentence"].as_str().unwrap_or_default();
        assert!(sentence.contains("only one uplink"), "{sentence}");
        let _ = plugin.call("panel_closed", &json!([]))?;
        let state = plugin.open()?;
        assert_eq!(
            state["refusal"],
            Value::Null,
            "yesterday's refusal: {state}"
        );
        before.must_equal(&scene.lab.snapshot()?)
    }

    #[test]
    fn a_game_that_was_remembered_switches_on_at_its_start_and_off_at_its_end() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        let before = scene.lab.snapshot()?;
        let settings = scene.lab.host_path(SETTINGS).join("settings.json");
        let mut plugin = Plugin::start(&scene.lab)?;
        plugin.games(&[GAME])?;
        assert!(!scene.view()?.game_mode, "it is not remembered yet");
        let state = plugin.press(true)?;
        assert_eq!(state["game"]["remembered"], true, "{state}");
        wait_for_game_mode(&scene, true)?;
        plugin.games(&[])?;
        wait_for_game_mode(&scene, false)?;
        plugin.games(&[("620", "Portal 2")])?;
        assert_eq!(plugin.open()?["wanted"], false);
        wait_until("the file", PATIENCE, || {
            Ok(fs::read_to_string(&settings).is_ok_and(|text| text.contains("Hades II")))
        })?;
        let _ = plugin.process.terminate(PATIENCE)?;

        let mut plugin = Plugin::start(&scene.lab)?;
        plugin.games(&[GAME])?;
        wait_for_game_mode(&scene, true)?;
        let state = plugin.open()?;
        assert_eq!(state["automatic"], true, "{state}");
        plugin.games(&[])?;
        wait_for_game_mode(&scene, false)?;
        let _ = plugin.process.terminate(PATIENCE)?;

        fs::write(&settings, "{ broken")
            .map_err(|error| LabError::io("breaking the settings", error))?;
        let mut plugin = Plugin::start(&scene.lab)?;
        plugin.games(&[GAME])?;
        let state = plugin.press(true)?;
        assert_eq!(
            state["hold"], "held",
            "a broken file is in nobody's way: {state}"
        );
        wait_until("a whole file", PATIENCE, || {
            Ok(fs::read_to_string(&settings).is_ok_and(|text| text.contains("Hades II")))
        })?;
        plugin.games(&[])?;
        wait_for_game_mode(&scene, false)?;
        before.must_equal(&scene.lab.snapshot()?)
    }

    #[test]
    fn what_the_player_keeps_elsewhere_outlives_a_game_but_not_the_switch() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        let _ = scene.evenkeel("player", &["game-mode", "on"])?.text()?;
        let mut plugin = Plugin::start(&scene.lab)?;
        plugin.games(&[GAME])?;
        let _ = plugin.press(true)?;
        plugin.games(&[])?;
        assert!(scene.view()?.game_mode, "the player's own wish stays");
        let _ = plugin.press(false)?;
        wait_for_game_mode(&scene, false)
    }

    #[test]
    fn a_panel_that_falls_silent_is_taken_as_closed() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        allow(&scene)?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let at_rest = plugin.sockets()?;
        let _ = plugin.open()?;
        wait_until("live figures", PATIENCE, || {
            Ok(!plugin.events("live").is_empty())
        })?;
        wait_until("the end of the feed", PATIENCE, || {
            Ok(plugin.sockets()? == at_rest)
        })?;
        assert_eq!(scene.status()?["sampling"], false);
        Ok(())
    }

    #[test]
    fn no_program_would_inherit_the_loaders_libraries() -> Outcome {
        let scene = scene(&LabSpec::default())?;
        let mut plugin = Plugin::start(&scene.lab)?;
        let environment = plugin.environment()?;
        assert_eq!(environment["LD_LIBRARY_PATH"], Value::Null, "{environment}");
        assert!(environment["PATH"].is_string(), "{environment}");
        Ok(())
    }

    #[test]
    fn frames_are_read_as_the_helper_writes_them() -> Outcome {
        let records = [
            Record::Sample {
                ifindex: 3,
                at_ns: 5,
                rtt_ns: Some(20_000_001),
                user_clock: true,
            },
            Record::Sample {
                ifindex: u32::MAX,
                at_ns: u64::MAX,
                rtt_ns: None,
                user_clock: false,
            },
            Record::Estimate {
                ifindex: 4,
                at_ns: 6,
                state: UplinkState::Dead,
                share_permille: 1000,
                rtt_ns: 7,
                jitter_ns: 8,
                slow_jitter_ns: u64::MAX,
            },
            Record::Leader {
                ifindex: Some(9),
                at_ns: 10,
                game_mode: true,
            },
            Record::Leader {
                ifindex: None,
                at_ns: 11,
                game_mode: false,
            },
        ];
        let bytes = feed::encode(77, 3, &records);
        let full: Vec<Record> = records
            .iter()
            .copied()
            .cycle()
            .take(feed::MAX_RECORDS)
            .collect();
        let script = "import sys, json\n\
             from evenkeel_decky.feed import decode, MAX_FRAME_BYTES\n\
             first, second = map(bytes, json.load(sys.stdin))\n\
             number, dropped, records = decode(first)\n\
             shown = [[type(r).__name__, *r] for r in records]\n\
             full = len(decode(second)[2])\n\
             print(json.dumps([number, dropped, shown, full, MAX_FRAME_BYTES]))";
        let scene = scene(&LabSpec::default())?;
        let input = json!([bytes, feed::encode(0, 0, &full)]).to_string();
        let said = scene
            .lab
            .command("pc", [PYTHON, "-c", script])
            .env("PYTHONPATH", MODULES)
            .input(input)
            .text()?;
        let read: Value = serde_json::from_str(&said)
            .map_err(|error| LabError::Invalid(format!("{said}: {error}")))?;
        let wanted = json!([
            77,
            3,
            [
                ["Sample", 3, 5, 20_000_001],
                ["Sample", u32::MAX, u64::MAX, null],
                ["Estimate", 4, 6, 3, 1000, 7, 8, u64::MAX],
                ["Leader", 9, 10, true],
                ["Leader", 0, 11, false],
            ],
            feed::MAX_RECORDS,
            feed::MAX_FRAME_BYTES,
        ]);
        assert_eq!(read, wanted);
        Ok(())
    }
}
