//! What becomes of a measurement afterwards: it is kept once by whoever comes, listed, shown again after
//! the helper has forgotten it, written as files, and made a page of that tells nobody where it was.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use evenkeel_dbus::measurement::MeasurementState as State;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::separate;
use evenkeel_lab::{Cmd, LabError, LabSpec};
use nix::sys::signal::Signal;
use serde_json::Value;

type Outcome = Result<(), LabError>;

/// The player's state folder and a folder for files, inside the lab.
const STATE: &str = "/run/player-state";
const FILES: &str = "/run/player-files";
const SHORT: [&str; 8] = [
    "--pairs",
    "6",
    "--block",
    "1",
    "--settle",
    "0",
    "--period-ms",
    "50",
];

/// A lab where one uplink is unsteady.
fn scene() -> Result<Scene, LabError> {
    scene_of(&LabSpec::default())
}

fn scene_of(spec: &LabSpec) -> Result<Scene, LabError> {
    let scene = Scene::start(spec)?;
    let wifi = "both delay_us=10000 jitter_us=30000";
    scene.lab.link("wifi0")?.set(wifi)?;
    for folder in [STATE, FILES] {
        let folder = scene.lab.host_path(folder);
        let made = fs::create_dir_all(&folder)
            .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)));
        made.map_err(|error| LabError::io("making a folder", error))?;
    }
    Ok(scene)
}

fn player(scene: &Scene, words: &[&str]) -> Result<Cmd, LabError> {
    Ok(scene
        .evenkeel("player", words)?
        .env("XDG_STATE_HOME", STATE))
}

fn history(scene: &Scene) -> Result<Value, LabError> {
    let text = player(scene, &["measure", "--history", "--json"])?.text()?;
    serde_json::from_str(&text).map_err(|error| LabError::Invalid(format!("{error}: {text}")))
}

fn folder(scene: &Scene) -> PathBuf {
    scene.lab.host_path(STATE).join("evenkeel/measurements")
}

fn kept(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(folder(scene)).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

#[test]
fn one_that_ended_with_nobody_there_is_kept_by_who_comes_next_and_only_once() -> Outcome {
    let mut scene = scene()?;
    let begun = [&["measure", "--uplinks", "wifi0", "usb0"][..], &SHORT].concat();
    let mut client = player(&scene, &begun)?.spawn()?;
    scene.wait_for_measured("a block", |it| it.progress.blocks_done > 0)?;
    client.kill()?;
    scene.wait_for_measured("its end", |it| it.state == State::Finished)?;
    assert!(kept(&scene).is_empty(), "nobody was there");

    let listed = history(&scene)?;
    let all = listed["measurements"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(all.len(), 1, "{listed:#}");
    assert_eq!(all[0]["verdict"], "better", "{listed:#}");
    assert_eq!(all[0]["arms"], serde_json::json!(["wifi0", "usb0"]));
    let files = kept(&scene);
    let path = folder(&scene).join(&files[0]);
    let inode = |path: &PathBuf| {
        let about = fs::metadata(path).map_err(|error| LabError::io("looking", error))?;
        Ok::<_, LabError>((about.modified().ok(), about.len()))
    };
    let before = inode(&path)?;
    // Everybody who comes later finds it.
    assert_eq!(history(&scene)?, listed);
    let shown = player(&scene, &["measure", "--show"])?.text()?;
    assert!(
        shown.starts_with("Better: usb0 is steadier than wifi0."),
        "{shown}"
    );
    assert_eq!((kept(&scene), inode(&path)?), (files, before));
    // Somebody else's is nobody's business.
    let other = scene.evenkeel("guest", &["measure", "--history"])?;
    let said = other.env("XDG_STATE_HOME", "/run/guest-state").text()?;
    assert!(said.contains("Nothing was measured yet"), "{said}");

    // A helper that was restarted remembers nothing; the disk does.
    scene.end_helper(Signal::SIGTERM)?;
    scene.start_helper()?;
    for words in [["measure", "--show"], ["measure", "--show=1"]] {
        assert_eq!(player(&scene, &words)?.text()?, shown, "{words:?}");
    }
    Ok(())
}

#[test]
fn a_measurement_is_written_as_files_and_as_a_page_that_can_be_posted() -> Outcome {
    let scene = scene()?;
    let file = |name: &str| format!("{FILES}/{name}");
    let (csv, json) = (file("samples.csv"), file("samples.json"));
    let (svg, png) = (file("graphs.svg"), file("graphs.png"));
    let files = [
        "--csv",
        &csv,
        "--samples-json",
        &json,
        "--svg",
        &svg,
        "--png",
        &png,
    ];
    let begun = [
        &["measure", "--uplinks", "wifi0", "usb0"][..],
        &SHORT,
        &files,
    ];
    let client = player(&scene, &begun.concat())?.timeout(Duration::from_mins(2));
    let said = client.text()?;
    for part in ["Better: usb0", "wifi0", "usb0", "p99", "stdev"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let read = |path: &str| {
        let bytes = fs::read(scene.lab.host_path(path));
        bytes.map_err(|error| LabError::io("reading a file", error))
    };
    assert!(read(&csv)?.starts_with(b"series,sent_ms,rtt_ms,block\nwifi0,"));
    let samples: Value = serde_json::from_slice(&read(&json)?).unwrap_or_default();
    let of_b = &samples["series"][1];
    assert_eq!(of_b["name"], "usb0");
    assert_eq!(of_b["rtt_ms"].as_array().map(Vec::len), Some(6 * 20));
    assert!(read(&svg)?.starts_with(b"<svg") || read(&svg)?.starts_with(b"<?xml"));
    assert!(read(&png)?.starts_with(b"\x89PNG"));
    // What was written is read again, with the same figures.
    let again = player(&scene, &["table", &csv])?.text()?;
    let figures: Vec<&str> = again
        .lines()
        .filter(|line| line.starts_with("p9"))
        .collect();
    assert_eq!(figures.len(), 2, "{again}");
    for line in figures {
        assert!(said.contains(line), "{line} in {said}");
    }

    let page = player(&scene, &["report", "--measurement", "-o", "-"])?.text()?;
    assert!(
        page.contains("Better: usb0 is steadier than wifi0."),
        "{page}"
    );
    for part in ["95% interval", "<table", "<svg"] {
        assert!(page.contains(part), "{part}");
    }
    // The lab's own addresses are private ones; what is planted is looked for beside the page's code.
    for secret in ["10.1.0.", "10.2.0.", "fd01:", "fd02:"] {
        assert!(!page.contains(secret), "{secret} is in the page");
    }
    let open = ["report", "--measurement", "--with-addresses", "-o", "-"];
    let open = player(&scene, &open)?.text()?;
    assert!(open.contains("were left in this page on request"), "{open}");

    // A damaged file is told, and the rest is there.
    let bad = folder(&scene).join("1999999999-00000000000000ff.json");
    fs::write(
        &bad,
        "{\n\"format\": \"evenkeel-measurement\",\n\"version\": 1,\n",
    )
    .map_err(|error| LabError::io("damaging", error))?;
    let listed = player(&scene, &["measure", "--history"])?.output()?;
    assert!(listed.stdout.contains("wifi0 / usb0"), "{listed:?}");
    let told = &listed.stderr;
    assert!(
        told.contains("1999999999-00000000000000ff.json") && told.contains("line 4"),
        "{told}"
    );
    assert_eq!(listed.status.code(), Some(1));
    Ok(())
}

#[test]
fn a_setting_that_makes_it_worse_is_offered_to_be_switched_off_and_then_is() -> Outcome {
    let scene = scene_of(&separate(2))?;
    // So dear that new flows take the unsteady uplink.
    let steady = "both delay_us=10000 jitter_us=3000";
    scene.lab.link("usb0")?.set(steady)?;
    let player = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        player(&scene, &words)?
            .timeout(Duration::from_mins(2))
            .text()
    };
    player("set uplink-cost usb0 10000")?;
    // More pairs than must agree: in the first block of A the steering may not have turned round yet.
    let said = player(
        "measure --tunable uplink-cost:usb0 --pairs 8 --first-look 0 --block 1.5 --settle 0.4 --period-ms 50",
    )?;
    assert!(said.starts_with("Worse: "), "{said}");
    let advice = "you can do without it. → evenkeel set uplink-cost usb0 100";
    assert!(said.contains(advice), "{said}");
    player("set uplink-cost usb0 100")?;
    // Whoever reads it later, from the helper or from the disk, is not sent to do it again.
    for words in ["measure --show", "measure --show=1"] {
        let said = player(words)?;
        assert!(said.contains("nothing to switch off"), "{words}: {said}");
    }
    let listed = history(&scene)?;
    assert_eq!(listed["measurements"][0]["verdict"], "worse", "{listed:#}");
    Ok(())
}
