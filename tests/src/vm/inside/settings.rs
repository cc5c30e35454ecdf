//! The sysctls as the kernel has them, without the helper: names, mode, defaults, ranges, errors,
//! namespaces. Whatever stands in for the patch must be like the patch here, or the rest shows little.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use nix::errno::Errno;

use super::Try;
use super::bench::{Bench, Knob, Outcome, equal, must, pair, register, set_behind};
use crate::error::{Context as _, LabError};
use crate::tools::LAB_PATH;

/// In the order they are tried.
pub const POINTS: &[(&str, Try)] = &[
    ("they-are-there-with-their-defaults-and-mode", defaults),
    ("each-write-is-taken-or-refused-as-by-the-original", writes),
    ("the-weights-range-is-the-originals-or-ours", cost_range),
    ("only-our-patch-has-the-third-one", third),
    ("a-user-is-refused", user),
    ("a-new-namespace-starts-at-the-defaults", namespaces),
    (
        "root-of-a-user-namespace-has-a-pair-of-its-own",
        unprivileged,
    ),
];

/// What comes of a write when 512 was in force: the bytes taken and the value then, or EINVAL.
const EMA_WRITES: &[(&str, Option<(usize, &str)>)] = &[
    ("0\n", Some((2, "0"))),
    ("1024\n", Some((5, "1024"))),
    ("1025\n", None),
    ("-1\n", None),
    ("abc\n", None),
    ("512abc\n", None),
    ("512.5\n", None),
    ("+5\n", None),
    ("2147483648\n", None),
    ("99999999999\n", None),
    // The parser's traps: this is why the helper writes plain decimals and checks the length.
    ("0x10\n", Some((5, "16"))),
    ("010\n", Some((4, "8"))),
    ("300 400\n", Some((4, "300"))),
    ("", Some((0, "512"))),
];

const COST_WRITES: &[(&str, Option<(usize, &str)>)] = &[
    ("0\n", Some((2, "0"))),
    ("10000\n", Some((6, "10000"))),
    ("2147483648\n", None),
    ("-2147483649\n", None),
    ("abc\n", None),
];

/// Beyond what our patch takes: the original takes any 32-bit integer.
const WIDE_COSTS: &[&str] = &["-1", "10001", "2147483647", "-2147483648"];

fn defaults(bench: &mut Bench) -> Outcome {
    register(bench)?;
    equal("the factor", Knob::Ema.value(), Some("512".to_owned()))?;
    equal("the weight", Knob::Cost.value(), Some("100".to_owned()))?;
    for knob in [Knob::Ema, Knob::Cost] {
        let about = fs::metadata(knob.path()).context(|| format!("looking at {}", knob.path()))?;
        equal(knob.path(), about.mode() & 0o7777, 0o644)?;
        equal("its owner", about.uid(), 0)?;
    }
    Ok(())
}

/// Tries writes, each from the value `start`.
fn try_writes(knob: Knob, start: &str, writes: &[(&str, Option<(usize, &str)>)]) -> Outcome {
    for (text, wanted) in writes {
        knob.write(start).context(|| format!("writing {start}"))?;
        let taken = knob.write(text);
        let value = knob.value().unwrap_or_default();
        let found = match &taken {
            Ok(bytes) => Some((*bytes, value.as_str())),
            Err(error) if is_invalid(error) => {
                equal("the value after a refusal", value.as_str(), start)?;
                None
            }
            Err(error) => return Err(LabError::Invalid(format!("{text:?}: {error}"))),
        };
        equal(&format!("what came of writing {text:?}"), found, *wanted)?;
    }
    knob.write(start).context(|| format!("writing {start}"))?;
    Ok(())
}

fn is_invalid(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::EINVAL as i32)
}

fn writes(_: &mut Bench) -> Outcome {
    try_writes(Knob::Ema, "512", EMA_WRITES)?;
    try_writes(Knob::Cost, "100", COST_WRITES)
}

fn cost_range(_: &mut Bench) -> Outcome {
    for value in WIDE_COSTS {
        let text = format!("{value}\n");
        let refused = [(text.as_str(), None)];
        let taken = [(text.as_str(), Some((text.len(), *value)))];
        let ours = Knob::Busy.value().is_some();
        try_writes(Knob::Cost, "100", if ours { &refused } else { &taken })?;
    }
    Ok(())
}

fn third(bench: &mut Bench) -> Outcome {
    let Some(start) = Knob::Busy.value() else {
        bench.note("this kernel has the original's two sysctls");
        return Ok(());
    };
    bench.note("this kernel has our patch's third sysctl");
    equal("lowpower_prefer_busy", start.as_str(), "0")?;
    let writes = [
        ("1\n", Some((2, "1"))),
        ("2\n", None),
        ("-1\n", None),
        ("x\n", None),
    ];
    try_writes(Knob::Busy, "0", &writes)
}

fn user(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    for knob in [Knob::Ema, Knob::Cost] {
        let line = format!("echo 3 > {}", knob.path());
        let said = scene
            .lab
            .command_as("player", ["sh", "-c", &line])?
            .output()?;
        must(said.stderr.contains("Permission denied"), || {
            format!("{said:?}")
        })?;
        let line = format!("cat {}", knob.path());
        let read = scene
            .lab
            .command_as("player", ["sh", "-c", &line])?
            .text()?;
        must(!read.trim().is_empty(), || "a user reads nothing".into())?;
    }
    equal("the pair", pair(scene, "pc")?, ("512".into(), "100".into()))
}

fn namespaces(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    set_behind(scene, Knob::Ema, "700")?;
    set_behind(scene, Knob::Cost, "7")?;
    scene
        .lab
        .command("pc", ["ip", "netns", "add", "fresh"])
        .text()?;
    let fresh = pair(scene, "fresh")?;
    scene
        .lab
        .command("pc", ["ip", "netns", "del", "fresh"])
        .text()?;
    equal(
        "a namespace made later",
        fresh,
        ("512".into(), "100".into()),
    )?;
    equal(
        "one made before",
        pair(scene, "r1")?,
        ("512".into(), "100".into()),
    )?;
    equal(
        "the one that was set",
        pair(scene, "pc")?,
        ("700".into(), "7".into()),
    )?;
    set_behind(scene, Knob::Ema, "512")?;
    set_behind(scene, Knob::Cost, "100")
}

fn unprivileged(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    let path = Knob::Ema.path();
    let script = format!("cat {path}; echo 3 > {path}; cat {path}");
    let argv = ["unshare", "--map-root-user", "--net", "sh", "-c", &script];
    let read = scene.lab.command_as("player", argv)?.text()?;
    equal("what it read", read.as_str(), "512\n3\n")?;
    equal("the pair", pair(scene, "pc")?, ("512".into(), "100".into()))?;
    // The machine's own namespace, in which nothing of the lab runs.
    let own = Command::new("cat").arg(path).env("PATH", LAB_PATH).output();
    let own = own.context(|| "starting cat".into())?.stdout;
    equal("the machine's own", own, b"512\n".to_vec())
}
