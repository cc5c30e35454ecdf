//! The journal: what survives a kill at each step, and what it refuses.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
};

use evenkeeld::kernel::{
    door::Door,
    error::DoorError,
    journal::{Journal, JournalError},
    survey::survey,
    sysctl::Knob,
};

use crate::{
    lab::{EMA_FACTOR, Lab},
    routes::lead,
};

fn runtime_dir() -> (Lab, std::path::PathBuf) {
    let lab = Lab::empty();
    let dir = lab.roots().runtime_dir;
    (lab, dir)
}

fn write_entry(dir: &Path) {
    let mut journal = Journal::open(dir).unwrap();
    journal
        .update(|contents| contents.intend_sysctl(Knob::EmaFactor, 512, 600))
        .unwrap();
}

#[test]
fn a_kill_between_the_intent_and_the_write_restores_nothing_and_loses_nothing() {
    let lab = Lab::empty().with_lowpower();
    lab.run(async |roots| {
        write_entry(&roots.runtime_dir);
        Door::open(roots.clone())
            .unwrap()
            .restore_all()
            .await
            .unwrap();
        assert_eq!(
            fs::read_to_string(roots.proc_sys.join(EMA_FACTOR)).unwrap(),
            "512\n"
        );
        assert!(!roots.runtime_dir.join("originals.json").exists());
    });
}

#[test]
fn originals_of_another_network_namespace_are_not_claimed_here() {
    let lab = Lab::empty().with_lowpower();
    let roots = lab.roots();
    let (here, there) = lab.run(async |roots| {
        // Elsewhere the same value is in force, by chance.
        fs::write(roots.proc_sys.join(EMA_FACTOR), "512").unwrap();
        let mut door = Door::open(roots.clone()).unwrap();
        door.set_sysctl(Knob::EmaFactor, 600).unwrap();
        drop(door);
        let kept = fs::read(roots.runtime_dir.join("originals.json")).unwrap();
        (roots, kept)
    });
    let elsewhere = Lab::empty();
    elsewhere.run(async |_roots| {
        let refused = Door::open(here.clone()).unwrap().restore_all().await;
        let other = |error: &DoorError| {
            matches!(
                error,
                DoorError::Journal(JournalError::OtherNamespace { .. })
            )
        };
        assert!(refused.as_ref().is_err_and(other), "{refused:?}");
        let file = here.runtime_dir.join("originals.json");
        assert_eq!(
            fs::read(file).unwrap(),
            there,
            "they are kept for their own"
        );
    });
    lab.run(async |roots| {
        let door = &mut Door::open(roots.clone()).unwrap();
        assert_eq!(
            door.restore_all().await.unwrap(),
            ["ema-factor: restored to 512"]
        );
    });
    assert!(!roots.runtime_dir.join("originals.json").exists());
}

#[test]
fn the_word_for_the_next_helper_is_found_once_and_is_nobody_elses() {
    let (_lab, dir) = runtime_dir();
    let open = || Journal::open(&dir).unwrap();
    let word = dir.join("handover.json");
    assert_eq!(open().take_word().unwrap(), None);
    open().leave_word(b"one").unwrap();
    open().leave_word(b"two").unwrap();
    assert_eq!(fs::metadata(&word).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(open().take_word().unwrap().as_deref(), Some(&b"two"[..]));
    assert!(!word.exists());
    assert_eq!(open().take_word().unwrap(), None);
    // The journal itself is none the wiser.
    write_entry(&dir);
    open().leave_word(b"three").unwrap();
    assert!(open().contents().sysctl(Knob::EmaFactor).is_some());
    assert!(open().take_word().unwrap().is_some());
    assert!(open().contents().sysctl(Knob::EmaFactor).is_some());
    // A link, a stranger's file and a flood are no words; they are gone, too, or never followed.
    symlink("/etc/passwd", &word).unwrap();
    assert!(open().take_word().is_err());
    fs::remove_file(&word).unwrap();
    fs::write(&word, "x").unwrap();
    chown(&word, Some(65_534), None).unwrap();
    assert!(open().take_word().is_err());
    assert_eq!(open().take_word().unwrap(), None);
    assert!(open().leave_word(&vec![b'x'; 65 * 1024]).is_err());
    fs::write(&word, vec![b'x'; 65 * 1024]).unwrap();
    assert!(open().take_word().is_err());
    assert_eq!(open().take_word().unwrap(), None);
}

#[test]
fn a_kill_between_the_second_intent_and_its_write_restores_the_true_original() {
    let lab = Lab::with_multipath();
    let before = lab.routing();
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        Door::open(roots.clone())
            .unwrap()
            .set_weights(&usb)
            .await
            .unwrap();
        let routes = survey(&roots).await.unwrap().routes;
        let mut journal = Journal::open(&roots.runtime_dir).unwrap();
        let entries = journal.contents().routes.clone();
        journal
            .update(|contents| {
                for (route, entry) in routes.iter().zip(&entries) {
                    contents.intend_route(&route.key, &entry.shape, &route.weights(), &[255, 1]);
                }
            })
            .unwrap();
        drop(journal); // killed before the second write
        Door::open(roots).unwrap().restore_all().await.unwrap();
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn a_kill_while_the_journal_is_written_leaves_the_old_one_in_force() {
    let (_lab, dir) = runtime_dir();
    write_entry(&dir);
    let old = fs::read(dir.join("originals.json")).unwrap();
    fs::write(dir.join("originals.json.new"), &old[..old.len() / 2]).unwrap();
    let mut journal = Journal::open(&dir).unwrap();
    assert_eq!(
        journal.contents().sysctl(Knob::EmaFactor).unwrap().original,
        512
    );
    journal
        .update(|contents| contents.intend_sysctl(Knob::EmaFactor, 600, 700))
        .unwrap();
    drop(journal);
    let journal = Journal::open(&dir).unwrap();
    let entry = journal.contents().sysctl(Knob::EmaFactor).unwrap();
    assert_eq!(
        (entry.original, entry.ours.as_slice()),
        (512, [600, 700].as_slice())
    );
    assert!(!dir.join("originals.json.new").exists());
}

#[test]
fn the_journal_is_readable_by_nobody_else() {
    let (_lab, dir) = runtime_dir();
    write_entry(&dir);
    assert_eq!(
        fs::metadata(dir.join("originals.json")).unwrap().mode() & 0o7777,
        0o600
    );
}

#[test]
fn a_corrupt_journal_is_kept_aside_and_blocks_every_change_until_removed() {
    let lab = Lab::with_multipath().with_lowpower();
    let before = lab.routing();
    let usb = lead(&lab, "usb0");
    let too_large = " ".repeat(300 * 1024);
    let wrong_version = r#"{"version":2,"sysctls":[],"routes":[]}"#;
    let two_originals = r#"{"version":1,"sysctls":[{"knob":"ema-factor","original":1,"ours":[]},{"knob":"ema-factor","original":2,"ours":[]}],"routes":[]}"#;
    let unknown_name = r#"{"version":1,"sysctls":[{"knob":"kernel.core_pattern","original":1,"ours":[]}],"routes":[]}"#;
    for corrupt in [
        "",
        "{",
        "[]",
        wrong_version,
        two_originals,
        unknown_name,
        &too_large,
    ] {
        fs::write(lab.journal(), corrupt).unwrap();
        let aside = lab.roots().runtime_dir.join("originals.json.corrupt");
        // Twice: a restart must not forget it.
        for _ in 0..2 {
            lab.run(async |roots| {
                let mut door = Door::open(roots.clone()).unwrap();
                assert!(matches!(door.blocked(), Some(JournalError::Corrupt { .. })));
                let restored = door.restore_all().await.unwrap_err().to_string();
                assert!(restored.contains("originals.json.corrupt"), "{restored}");
                assert!(restored.ends_with("; nothing was changed"), "{restored}");
                let refused = door.set_weights(&usb).await;
                assert!(matches!(refused, Err(DoorError::Journal(_))), "{refused:?}");
                let refused = door.set_sysctl(Knob::EmaFactor, 600);
                assert!(matches!(refused, Err(DoorError::Journal(_))), "{refused:?}");
                assert_eq!(
                    fs::read_to_string(roots.proc_sys.join(EMA_FACTOR)).unwrap(),
                    "512\n"
                );
            });
            assert_eq!(fs::read_to_string(&aside).unwrap(), corrupt);
        }
        assert_eq!(lab.routing(), before);
        fs::remove_file(aside).unwrap();
    }
    // Once it is gone, changes are possible again.
    lab.run(async |roots| Door::open(roots).unwrap().set_weights(&usb).await)
        .unwrap();
}

#[test]
fn a_runtime_directory_that_is_not_ours_alone_is_refused() {
    let (_lab, dir) = runtime_dir();
    let refused = |why: &str| match Journal::open(&dir) {
        Err(JournalError::Unsafe { why: given, .. }) => assert_eq!(given, why),
        other => panic!("{other:?}"),
    };
    for mode in [0o755, 0o770, 0o1700, 0o500] {
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        refused("its mode is not 0700");
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&dir, Some(65534), None).unwrap();
    refused("it belongs to another user");
    chown(&dir, Some(0), None).unwrap();
    let moved = dir.with_file_name("moved");
    fs::rename(&dir, &moved).unwrap();
    assert!(matches!(
        Journal::open(&dir),
        Err(JournalError::NoDirectory { .. })
    ));
    symlink(&moved, &dir).unwrap();
    refused("it is a link or no directory");
    fs::remove_file(&dir).unwrap();
    fs::write(&dir, "").unwrap();
    refused("it is a link or no directory");
}

#[test]
fn links_in_the_runtime_directory_are_not_followed() {
    let (lab, dir) = runtime_dir();
    let elsewhere = lab.roots().proc_sys.join("elsewhere");
    fs::write(&elsewhere, "theirs").unwrap();
    symlink(&elsewhere, dir.join("originals.json")).unwrap();
    assert!(matches!(Journal::open(&dir), Err(JournalError::Io { .. })));
    fs::remove_file(dir.join("originals.json")).unwrap();
    symlink(&elsewhere, dir.join("originals.json.new")).unwrap();
    write_entry(&dir);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs");
}

#[test]
fn a_second_helper_is_kept_out_until_the_first_one_is_gone() {
    let lab = Lab::with_multipath();
    let usb = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut first = Door::open(roots.clone()).unwrap();
        first.set_weights(&usb).await.unwrap();
        let mut second = Door::open(roots.clone()).unwrap();
        assert!(matches!(second.blocked(), Some(JournalError::InUse { .. })));
        assert!(second.restore_all().await.is_err());
        assert!(lab.default_route("-4").contains("weight 255"));
        drop(first);
        second.restore_all().await.unwrap();
        assert!(!lab.default_route("-4").contains("weight 255"));
    });
}

#[test]
fn without_a_runtime_directory_there_is_nothing_to_restore_and_nothing_may_change() {
    let lab = Lab::with_multipath();
    let usb = lead(&lab, "usb0");
    fs::remove_dir(lab.roots().runtime_dir).unwrap();
    let before = lab.routing();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        assert_eq!(door.restore_all().await.unwrap(), Vec::<String>::new());
        assert!(matches!(
            door.set_weights(&usb).await,
            Err(DoorError::Journal(_))
        ));
    });
    assert_eq!(lab.routing(), before);
}
