//! The Flatpak: what it asks for, what software centres read of it, and, in `built`, the built package
//! run in its sandbox. `make test-flatpak` builds it first.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use evenkeel_lab::install::source_tree;
use evenkeel_lab::sandbox::{APPLICATION, grants};
use roxmltree::{Document, Node};

/// Everything the sandbox may do, and why it needs it stands in the manifest.
const GRANTS: [&str; 7] = [
    "Context devices input",
    "Context shared ipc",
    "Context shared network",
    "Context sockets fallback-x11",
    "Context sockets wayland",
    // How flatpak writes down fallback-x11, for versions that do not know it.
    "Context sockets x11",
    "System Bus Policy io.github.evenkeel.Helper1 talk",
];

fn asset(name: &str) -> String {
    let path = source_tree().join("assets").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn validate(tool: &str, package: &str, arguments: &[&str]) {
    let output = Command::new(tool)
        .args(arguments)
        .current_dir(source_tree().join("assets"))
        .output()
        .unwrap_or_else(|error| panic!("{tool} (Debian package {package}): {error}"));
    assert!(output.status.success(), "{tool}: {output:?}");
}

#[test]
fn the_manifest_asks_for_nothing_but_the_known_list() {
    let path = format!("packaging/flatpak/{APPLICATION}.yml");
    let manifest = fs::read_to_string(source_tree().join(path)).unwrap();
    let asked: BTreeSet<&str> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- --"))
        .collect();
    let expected = [
        "device=input",
        "require-version=1.16.0",
        "share=ipc",
        "share=network",
        "socket=fallback-x11",
        "socket=wayland",
        "system-talk-name=io.github.evenkeel.Helper1",
    ];
    assert_eq!(asked, expected.into());
    assert!(
        !manifest.contains("build-args"),
        "the build has no network either"
    );
}

#[test]
fn the_desktop_file_is_valid() {
    let name = format!("{APPLICATION}.desktop");
    validate("desktop-file-validate", "desktop-file-utils", &[&name]);
}

#[test]
fn the_software_centres_data_are_valid() {
    let name = format!("{APPLICATION}.metainfo.xml");
    validate(
        "appstreamcli",
        "appstream",
        &["validate", "--no-net", &name],
    );
}

#[test]
fn every_sentence_of_the_software_centres_data_is_there_in_korean_too() {
    let text = asset(&format!("{APPLICATION}.metainfo.xml"));
    let document = Document::parse(&text).unwrap();
    let language = |node: &Node| {
        node.attribute(("http://www.w3.org/XML/1998/namespace", "lang"))
            .map(str::to_owned)
    };
    let mut sentences = 0;
    for node in document.descendants() {
        let worded = matches!(node.tag_name().name(), "summary" | "p" | "li" | "caption");
        if !worded || language(&node).is_some() {
            continue;
        }
        let next = node.next_sibling_element();
        let next = next.filter(|next| next.tag_name() == node.tag_name());
        assert_eq!(
            next.and_then(|next| language(&next)).as_deref(),
            Some("ko"),
            "no Korean after {:?}",
            node.text()
        );
        sentences += 1;
    }
    assert!(sentences > 5, "{sentences}");
    let desktop = asset(&format!("{APPLICATION}.desktop"));
    for key in ["GenericName", "Comment", "Keywords"] {
        assert!(desktop.contains(&format!("\n{key}[ko]=")), "{key}");
    }
}

#[test]
fn the_software_centres_data_agree_with_the_program() {
    let text = asset(&format!("{APPLICATION}.metainfo.xml"));
    let document = Document::parse(&text).unwrap();
    let find = |name: &str| {
        let found = document.descendants().find(|node| node.has_tag_name(name));
        found.unwrap_or_else(|| panic!("no <{name}>"))
    };
    assert_eq!(find("id").text(), Some(APPLICATION));
    let version = find("release").attribute("version");
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
    let image = find("image").text().unwrap().rsplit('/').next().unwrap();
    let bytes = fs::read(source_tree().join("assets").join(image)).unwrap();
    let size = ["width", "height"].map(|name| find("image").attribute(name).unwrap());
    assert_eq!(size, png_size(&bytes).map(|side| side.to_string()));
    let desktop = asset(&format!("{APPLICATION}.desktop"));
    assert!(desktop.contains(&format!("\nIcon={APPLICATION}\n")));
    assert!(desktop.contains(&format!("\nStartupWMClass={APPLICATION}\n")));
}

#[test]
fn the_icon_is_there_in_every_form() {
    for size in [128, 256] {
        let path = source_tree().join(format!("assets/icons/{size}.png"));
        assert_eq!(png_size(&fs::read(path).unwrap()), [size, size]);
    }
    let symbolic = asset(&format!("{APPLICATION}-symbolic.svg"));
    let document = Document::parse(&symbolic).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("viewBox"), Some("0 0 16 16"));
    let colours: BTreeSet<&str> = document
        .descendants()
        .flat_map(|node| [node.attribute("fill"), node.attribute("stroke")])
        .flatten()
        .filter(|colour| *colour != "none")
        .collect();
    // The one that desktops replace by their own.
    assert_eq!(colours, ["#2e3436"].into());
    Document::parse(&asset(&format!("{APPLICATION}.svg"))).unwrap();
}

/// Width and height, from where every PNG has them.
fn png_size(bytes: &[u8]) -> [u32; 2] {
    assert_eq!(&bytes[1..4], b"PNG");
    [16, 20].map(|at| {
        bytes[at..at + 4]
            .iter()
            .fold(0, |side, byte| side << 8 | u32::from(*byte))
    })
}

/// These need the built package, and are run by `make test-flatpak` only.
mod built {
    use evenkeel_lab::anchor::Anchor;
    use evenkeel_lab::eye::Eye;
    use evenkeel_lab::lab::wait_until;
    use evenkeel_lab::sandbox::{self, Sandbox};
    use evenkeel_lab::scene::Scene;
    use evenkeel_lab::screen::Screen;
    use evenkeel_lab::{LabError, LabSpec, Proc, SessionState};
    use nix::sys::signal::Signal;
    use serde_json::Value;

    use super::*;

    type Outcome = Result<(), LabError>;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The window in the sandbox on a screen of its own, past the page of the first start.
    fn window(scene: &Scene, sandbox: &Sandbox, screen: &Screen) -> Result<Proc, LabError> {
        sandbox.welcome("player")?;
        let command = sandbox.evenkeel("player", &[])?;
        let window = command.env("DISPLAY", screen.display()).spawn()?;
        screen
            .focus(&scene.lab)
            .map_err(|error| LabError::Invalid(format!("{error}: {}", window.stderr_text())))?;
        Ok(window)
    }

    fn picture(scene: &Scene, screen: &Screen, name: &str) -> Outcome {
        let path = sandbox::built()?.join(format!("pictures/{name}.png"));
        screen.shoot(&scene.lab, &path)
    }

    fn measured(scene: &Scene) -> Result<usize, LabError> {
        let status = scene.status()?;
        let uplinks = status["uplinks"].as_array().cloned().unwrap_or_default();
        let answered = |uplink: &&Value| uplink["rtt_ns"].as_u64() > Some(0);
        Ok(uplinks.iter().filter(answered).count())
    }

    fn leads(scene: &Scene, uplink: &str) -> Result<bool, LabError> {
        let weight = format!("dev {uplink} weight 255");
        Ok(scene.routes()?.matches(&weight).count() == 2)
    }

    #[test]
    fn the_package_grants_exactly_the_known_list() -> Outcome {
        let metadata = sandbox::metadata()?;
        assert_eq!(
            grants(&metadata),
            GRANTS.map(String::from).into(),
            "{metadata}"
        );
        Ok(())
    }

    #[test]
    fn inside_the_sandbox_the_helper_says_what_it_says_outside() -> Outcome {
        let scene = Scene::start(&LabSpec::default())?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        let said = sandbox.evenkeel("player", &["status", "--json"])?.text()?;
        assert_eq!(json(&said), scene.status()?);
        Ok(())
    }

    #[test]
    fn probes_arrive_inside_the_sandbox() -> Outcome {
        let scene = Scene::start(&LabSpec::default())?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        let mut watch = sandbox.evenkeel("player", &["watch", "--plain"])?.spawn()?;
        watch.wait_for("usb0", PATIENCE)?;
        wait_until("both uplinks' RTT", PATIENCE, || Ok(measured(&scene)? == 2))
    }

    #[test]
    fn game_mode_is_switched_from_the_sandbox_by_the_person_at_the_seat_alone() -> Outcome {
        let scene = Scene::start(&LabSpec::default())?;
        let before = scene.lab.snapshot()?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        scene.lab.set_session("guest", SessionState::Inactive)?;
        let refused = sandbox.evenkeel("guest", &["game-mode", "on"])?.output()?;
        assert!(!refused.success(), "{refused:?}");
        assert_eq!(scene.status()?["game_mode"], false);

        sandbox.evenkeel("player", &["game-mode", "on"])?.text()?;
        assert_eq!(scene.status()?["game_mode"], true);
        wait_until("a leader", PATIENCE, || {
            Ok(leads(&scene, "wifi0")? || leads(&scene, "usb0")?)
        })?;
        sandbox.evenkeel("player", &["game-mode", "off"])?.text()?;
        assert_eq!(scene.status()?["game_mode"], false);
        before.must_equal(&scene.lab.snapshot()?)
    }

    #[test]
    fn what_a_sandbox_holds_ends_when_it_is_killed() -> Outcome {
        let scene = Scene::start(&LabSpec::default())?;
        let before = scene.lab.snapshot()?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        let line = ["run", "--", "sleep", "600"];
        let _game = sandbox.evenkeel("player", &line)?.spawn()?;
        wait_until("game mode", PATIENCE, || {
            Ok(scene.status()?["game_mode"] == true)
        })?;
        sandbox.kill("player")?;
        wait_until("the end of game mode", PATIENCE, || {
            Ok(scene.status()?["game_mode"] == false)
        })?;
        before.must_equal(&scene.lab.snapshot()?)
    }

    #[test]
    fn nothing_on_the_system_bus_but_the_helper_is_seen_from_the_sandbox() -> Outcome {
        let scene = Scene::start(&LabSpec::default())?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        let line = ["run", "--", "sleep", "600"];
        let _game = sandbox.evenkeel("player", &line)?.spawn()?;
        wait_until("game mode", PATIENCE, || {
            Ok(scene.status()?["game_mode"] == true)
        })?;
        // The sandbox's only door to the bus; polkit is on the other side of it as the helper is.
        let bus = sandbox.system_bus("player")?;
        let seen = |name: &str| -> Result<bool, LabError> {
            let name = format!("string:{name}");
            let line = [
                "dbus-send",
                &bus,
                "--print-reply=literal",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus.NameHasOwner",
                &name,
            ];
            Ok(scene
                .lab
                .command_as("player", line)?
                .text()?
                .contains("true"))
        };
        assert!(seen("io.github.evenkeel.Helper1")?);
        assert!(!seen("org.freedesktop.PolicyKit1")?);
        assert!(scene.lab.has_owner("org.freedesktop.PolicyKit1")?);
        Ok(())
    }

    #[test]
    fn without_a_helper_it_says_so_and_notices_when_one_appears() -> Outcome {
        let mut scene = Scene::start(&LabSpec::default())?;
        scene.end_helper(Signal::SIGTERM)?;
        let before = scene.lab.snapshot()?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        let status = sandbox.evenkeel("player", &["status"])?.output()?;
        assert!(!status.success(), "{status:?}");
        assert!(status.stderr.contains("evenkeeld"), "{status:?}");

        let anchor = Anchor::put_up(&scene.lab)?;
        let screen = Screen::start(&scene.lab, "player")?;
        let mut window = window(&scene, &sandbox, &screen)?;
        Eye::open(&scene.lab, &screen)?.wait_for_pixels(PATIENCE)?;
        // It watches by itself meanwhile.
        anchor.wait_for_probes()?;
        picture(&scene, &screen, "without-helper")?;
        assert!(window.is_running(), "{}", window.stderr_text());
        before.must_equal(&scene.lab.snapshot()?)?;

        scene.start_helper()?;
        wait_until("the window to ask for probes", PATIENCE, || {
            Ok(measured(&scene)? == 2)
        })?;
        picture(&scene, &screen, "with-helper")
    }

    #[test]
    fn the_window_in_the_sandbox_switches_game_mode() -> Outcome {
        let scene = Scene::start(&LabSpec::default())?;
        let before = scene.lab.snapshot()?;
        let sandbox = Sandbox::mount(&scene.lab)?;
        let screen = Screen::start(&scene.lab, "player")?;
        let _window = window(&scene, &sandbox, &screen)?;
        wait_until("both uplinks' RTT", PATIENCE, || Ok(measured(&scene)? == 2))?;
        screen.press(&scene.lab, "g")?;
        wait_until("game mode", PATIENCE, || {
            Ok(scene.status()?["game_mode"] == true)
        })?;
        picture(&scene, &screen, "game-mode")?;
        sandbox.kill("player")?;
        wait_until("the end of game mode", PATIENCE, || {
            Ok(scene.status()?["game_mode"] == false)
        })?;
        before.must_equal(&scene.lab.snapshot()?)
    }
}
