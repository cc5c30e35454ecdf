//! The folder on a real disk.

use super::*;
use crate::measure::tests::judged;
use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{LOST_US, MeasuredSample, MeasurementReason};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

/// A history in a folder of its own that is not there yet.
fn history() -> History {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("evenkeel-history-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    History::at(folder.join("evenkeel/measurements"))
}

fn found() -> Found {
    let block = |pair, arm| MeasuredBlock {
        pair,
        arm,
        ifindex: 3 + arm,
        sent: 3,
        lost: u32::from(arm == 0),
        p50_us: 20_000,
        p95_us: 30_000,
    };
    let blocks = vec![block(0, 1), block(0, 0), block(1, 0), block(1, 1)];
    let samples: Vec<MeasuredSample> = (0..12)
        .map(|n| MeasuredSample {
            block: n / 3,
            at_ms: 2_000 + n * 100,
            rtt_us: if n == 4 { LOST_US } else { 20_000 + n * 7 },
        })
        .collect();
    Found::of(blocks, &samples)
}

fn names() -> BTreeMap<u32, String> {
    [(3, "wlan0"), (4, "usb0"), (9, "docker0")]
        .map(|(ifindex, name)| (ifindex, name.to_owned()))
        .into()
}

/// What a finished measurement says; a later one began later.
fn finished(started_at: u64) -> Snapshot {
    let mut snapshot = judged(Verdict::NoDifference);
    snapshot.started_at = started_at;
    // As many as were measured.
    snapshot.progress.blocks_done = 4;
    snapshot.progress.interruptions = 2;
    snapshot
}

fn kept(history: &History, snapshot: &Snapshot) -> Id {
    let kept = history.keep(snapshot, &found(), &names());
    kept.unwrap().unwrap()
}

fn put(history: &History, id: &Id, content: &[u8]) {
    fs::create_dir_all(history.folder()).unwrap();
    fs::write(history.path(id), content).unwrap();
}

fn trouble(history: &History, id: &Id) -> Trouble {
    let error = history.open(id).unwrap_err();
    let listed = history.list().unwrap();
    let same = listed.iter().filter_map(|one| one.as_ref().err());
    assert_eq!(same.collect::<Vec<_>>(), [&error], "listed as it is opened");
    assert!(
        error
            .to_string()
            .starts_with(&history.path(id).display().to_string()),
        "{error}"
    );
    error.trouble
}

#[test]
fn the_folder_is_found_where_the_desktop_says() {
    let of = |variables: &[(&str, &str)]| {
        let history = History::of_user(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })?;
        Some(history.folder().display().to_string())
    };
    let named = of(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]);
    assert_eq!(named.as_deref(), Some("/s/evenkeel/measurements"));
    // The specification wants relative paths ignored.
    let home = of(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]);
    let expected = "/h/.local/state/evenkeel/measurements";
    assert_eq!(home.as_deref(), Some(expected));
    assert_eq!(of(&[("XDG_STATE_HOME", ""), ("HOME", "")]), None);
}

#[test]
fn what_is_kept_is_read_again_with_every_sample() {
    let history = history();
    assert_eq!(history.list(), Ok(Vec::new()), "no folder is no trouble");
    let snapshot = finished(1_700_000_000);
    let id = kept(&history, &snapshot);
    let (read, samples) = history.open(&id).unwrap();
    assert_eq!(read.snapshot, snapshot);
    assert_eq!(samples, found());
    assert_eq!(read.blocks, samples.blocks);
    assert_eq!(history.list(), Ok(vec![Ok(read.clone())]));
    // Only names that say something here.
    let used = read.uplinks.values().collect::<Vec<_>>();
    assert_eq!(used, ["wlan0", "usb0"]);
    let few = Snapshot {
        outcome: snapshot.outcome.map(|outcome| crate::measure::Outcome {
            interval: None,
            seen: None,
            ..outcome
        }),
        ..finished(1_700_000_001)
    };
    let id = kept(&history, &few);
    assert_eq!(history.open(&id).unwrap().0.snapshot, few);
}

#[test]
fn the_file_is_the_users_own_and_nothing_else_is_left_beside_it() {
    let history = history();
    let id = kept(&history, &finished(1_700_000_000));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&history.path(&id)), 0o600);
    assert_eq!(mode(history.folder()), 0o700);
    assert_eq!(fs::read_dir(history.folder()).unwrap().count(), 1);
}

#[test]
fn a_measurement_is_kept_once_whoever_comes() {
    let history = history();
    let snapshot = finished(1_700_000_000);
    let id = kept(&history, &snapshot);
    let before = fs::metadata(history.path(&id)).unwrap().modified().unwrap();
    let again = History::at(history.folder().to_owned());
    assert!(again.has(&snapshot));
    assert_eq!(again.keep(&snapshot, &found(), &names()), Ok(None));
    let after = fs::metadata(history.path(&id)).unwrap().modified().unwrap();
    assert_eq!((again.list().unwrap().len(), before), (1, after));
    // Another one of the same second has another seed.
    let other = Snapshot {
        seed: 8,
        ..snapshot
    };
    assert!(!again.has(&other));
    let _ = kept(&again, &other);
    assert_eq!(history.list().unwrap().len(), 2);
}

#[test]
fn what_has_no_verdict_is_not_kept() {
    let history = history();
    let mut cancelled = finished(1);
    cancelled.state = MeasurementState::Cancelled;
    cancelled.reason = MeasurementReason::Asked;
    cancelled.outcome = None;
    assert_eq!(history.keep(&cancelled, &found(), &names()), Ok(None));
    assert!(!history.folder().exists());
}

#[test]
fn the_newest_come_first_and_the_oldest_make_room_but_never_the_new_one() {
    let history = history();
    for began in 1..=MOST as u64 + 3 {
        let _ = kept(&history, &finished(1_700_000_000 + began));
    }
    let began = |history: &History| -> Vec<u64> {
        let listed = history.list().unwrap();
        let began = listed.iter().map(|one| one.as_ref().unwrap());
        began.map(|kept| kept.snapshot.started_at).collect()
    };
    let expected: Vec<u64> = (4..=MOST as u64 + 3)
        .rev()
        .map(|n| 1_700_000_000 + n)
        .collect();
    assert_eq!(began(&history), expected);
    // On a clock that was set back.
    let _ = kept(&history, &finished(5));
    let now = began(&history);
    assert_eq!((now.len(), now.last()), (MOST, Some(&5)));
    assert!(!now.contains(&1_700_000_004));
}

#[test]
fn a_damaged_file_is_named_with_its_line_and_the_rest_is_there() {
    let history = history();
    let good = kept(&history, &finished(1_700_000_000));
    let bad = kept(&history, &finished(1_700_000_001));
    let whole = fs::read_to_string(history.path(&bad)).unwrap();
    let cut = &whole[..whole.find("\"ratio\"").unwrap()];
    put(&history, &bad, cut.as_bytes());
    let said = trouble(&history, &bad);
    let line = format!("line {} ", cut.lines().count());
    assert!(
        matches!(&said, Trouble::NotReadable(why) if why.contains(&line)),
        "{said:?}"
    );
    let listed = history.list().unwrap();
    assert!(listed[0].is_err(), "in its place");
    assert_eq!(listed[1].as_ref().unwrap().id, good);
    // Reading has deleted nothing.
    assert_eq!(fs::read_to_string(history.path(&bad)).unwrap(), cut);
}

#[test]
fn everything_that_no_measurement_says_is_refused() {
    let history = history();
    let id = kept(&history, &finished(1_700_000_000));
    let good = fs::read_to_string(history.path(&id)).unwrap();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} in {good}");
        put(&history, &id, good.replacen(from, to, 1).as_bytes());
        trouble(&history, &id)
    };
    for (from, to) in [
        ("\"pairs\": 30", "\"pairs\": 4000000000"),
        ("\"block_ms\": 10000", "\"block_ms\": 0"),
        ("\"ratio\": 0.55", "\"ratio\": -1"),
        ("\"p\": 0.002", "\"p\": 2"),
        ("\"seen\": 0.64", "\"seen\": 0"),
        ("\"seed\": 7", "\"seed\": 8"),
    ] {
        let said = with(from, to);
        assert!(matches!(said, Trouble::Wrong(_)), "{from}: {said:?}");
    }
    let said = with("\"no-difference\"", "\"best\"");
    assert!(matches!(said, Trouble::NotReadable(_)), "{said:?}");
    assert_eq!(
        with("\"version\": 1", "\"version\": 2"),
        Trouble::Version(2)
    );
    assert_eq!(with(file::FORMAT, "evenkeel-samples"), Trouble::NotOurs);
    for other in [&b"[]"[..], b"{}", b"7"] {
        put(&history, &id, other);
        assert_eq!(trouble(&history, &id), Trouble::NotOurs);
    }
    for broken in [&b""[..], b"{\"format\":", b"\xff\xfe"] {
        put(&history, &id, broken);
        assert!(matches!(trouble(&history, &id), Trouble::NotReadable(_)));
    }
    put(&history, &id, &vec![b' '; MAX_BYTES as usize + 1]);
    assert_eq!(trouble(&history, &id), Trouble::TooLarge);
}

#[test]
fn samples_that_do_not_fit_are_refused_when_they_are_asked_for() {
    let history = history();
    let id = kept(&history, &finished(1_700_000_000));
    let good = fs::read_to_string(history.path(&id)).unwrap();
    for (from, to) in [
        ("\"block\":[0,", "\"block\":[9,"),
        ("\"at_ms\":[2000,", "\"at_ms\":["),
    ] {
        assert!(good.contains(from), "{good}");
        put(&history, &id, good.replacen(from, to, 1).as_bytes());
        let said = history.open(&id).unwrap_err();
        assert!(matches!(said.trouble, Trouble::Wrong(_)), "{said}");
        assert!(history.list().unwrap()[0].is_ok(), "its verdict is whole");
    }
}

#[test]
fn what_would_be_waited_for_without_end_is_refused_and_foreign_files_are_left_alone() {
    let history = history();
    let id = Id::of(&finished(1_700_000_000));
    fs::create_dir_all(history.folder()).unwrap();
    nix::unistd::mkfifo(&history.path(&id), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let said = trouble(&history, &id);
    assert!(matches!(said, Trouble::NotOpened(_)), "{said:?}");
    fs::remove_file(history.path(&id)).unwrap();
    for name in ["notes.txt", "1700000000-x.json", "x-0000000000000007.json"] {
        fs::write(history.folder().join(name), "mine").unwrap();
    }
    assert_eq!(history.list(), Ok(Vec::new()));
    let _ = kept(&history, &finished(1_700_000_001));
    assert_eq!(fs::read_dir(history.folder()).unwrap().count(), 4);
}

#[test]
fn what_a_crash_left_goes_and_what_another_program_writes_just_now_stays() {
    let history = history();
    let id = kept(&history, &finished(1_700_000_000));
    let left = |ending: &str| history.folder().join(format!("{id}.json.{ending}.new"));
    for path in [left("1"), left("2")] {
        fs::write(path, "{").unwrap();
    }
    let old = SystemTime::now() - 2 * ABANDONED;
    let file = File::options().write(true).open(left("1")).unwrap();
    file.set_modified(old).unwrap();
    let _ = kept(&history, &finished(1_700_000_001));
    assert!(!left("1").exists() && left("2").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_leaves_nothing_behind() {
    let history = history();
    // Also for a superuser, whom permissions do not stop.
    fs::create_dir_all(history.folder().parent().unwrap()).unwrap();
    fs::write(history.folder(), "in the way").unwrap();
    let said = history.keep(&finished(1), &found(), &names()).unwrap_err();
    assert!(said.to_string().contains("is not kept"), "{said}");
    assert!(history.list().is_err());
    assert_eq!(fs::read(history.folder()).unwrap(), b"in the way");
}
