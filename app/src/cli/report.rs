//! `evenkeel report`: gathers what a report tells and writes the page. How it looks and what is taken
//! out of it is in `export`; what the state means in words is the window's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use evenkeel_core::uplink::ANCHOR_V4;
use evenkeel_dbus::feed::{Frame, Record};
use jiff::Timestamp;
use nix::ifaddrs::getifaddrs;
use nix::sys::utsname::uname;
use nix::unistd::{Uid, gethostname};
use tokio::time::{Instant, timeout_at};

use super::args::ReportArgs;
use super::deliver::{self, Delivery, to_file};
use super::exit::{Exit, Failure};
use super::measure::past;
use super::measure::told::{self, Names};
use super::ping::{self, Wanted};
use super::table::{self, Gathered};
use super::{doctor, helper, user_name};
use crate::export::privacy::{Own, Private};
use crate::export::report::{Finding, Level, Report};
use crate::export::{Table, thresholds_for};
use crate::feed::FeedReader;
use crate::logs::{Probe, Series};
use crate::measure::Found;
use crate::measure::history::Kept;
use crate::state::HelperState;
use crate::ui::page::page;
use crate::words::{Key, Language, Words};

/// Frames a second of the feed: as many as there are probe rounds.
const HZ: u32 = 5;
/// Most of a small file of the system that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// People's user ids, as login.defs has them everywhere.
const PEOPLE: std::ops::Range<u32> = 1000..60_000;

/// Writes the report.
///
/// # Errors
/// With a recording that is none, or when the page cannot be written. A helper that does not answer
/// is told on the page.
pub async fn run(args: &ReportArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let words = Words::new(Language::of_system());
    let shown = if let Some(number) = args.measurement {
        let history = past::folder()?;
        let _ = past::gather(&history).await;
        Some(kept(past::open(&history, number)?, &words))
    } else if args.files.is_empty() {
        None
    } else {
        let gathered = table::from_files(&args.files, &words)?;
        let names = gathered.title.clone();
        let source = words.tell(Key::ReportFiles, [("names", names.into())]);
        Some(Shown::of(gathered, source))
    };
    let heard = listen(shown.is_none().then_some(args.seconds)).await;
    let shown = match shown {
        Some(shown) => shown,
        None => measured(&heard, args.seconds, &words).await,
    };
    let findings = doctor::findings().await.into_iter().map(finding).collect();
    let report = compose(heard, shown, findings, &words);
    let page = if args.with_addresses {
        Report {
            open: true,
            ..report
        }
        .page(&words)
    } else {
        let own = Own {
            computers: computers(),
            users: users(),
            networks: networks(),
        };
        let mut private = Private::new(&own_addresses(), &own, &words);
        report.hidden(|text| private.hide(text)).page(&words)
    };
    write(args.output.as_deref(), &page, &words, out)
}

/// What the helper said and what its feed told, or nothing without a helper.
#[derive(Default)]
struct Heard {
    state: Option<HelperState>,
    frames: Vec<Frame>,
}

/// Asks the helper, and listens to its feed for so many seconds.
async fn listen(seconds: Option<u32>) -> Heard {
    let mut heard = Heard::default();
    let Ok(proxy) = helper::connect().await else {
        return heard;
    };
    if let Some(seconds) = seconds
        && let Ok(socket) = proxy.subscribe(HZ).await
        && let Ok(mut feed) = FeedReader::new(socket.into())
    {
        tell_progress(&format!("listening for {seconds} s"));
        let end = Instant::now() + Duration::from_secs(u64::from(seconds));
        while let Ok(Ok(Some(frame))) = timeout_at(end, feed.next()).await {
            heard.frames.push(frame);
        }
    }
    heard.state = HelperState::read(&proxy).await.ok();
    heard
}

/// What the figures are of.
struct Shown {
    gathered: Gathered,
    /// Where they come from, in a sentence.
    source: String,
    /// The verdict of a measurement with what it rests on.
    measured: Vec<String>,
}

impl Shown {
    /// Nothing that was measured by turns.
    fn of(gathered: Gathered, source: String) -> Self {
        Self {
            gathered,
            source,
            measured: Vec::new(),
        }
    }
}

/// A measurement that was kept.
fn kept((kept, found): (Kept, Found), words: &Words) -> Shown {
    let (snapshot, names) = (&kept.snapshot, Names::known(&kept.uplinks));
    let arms = names.arms(snapshot, words);
    let at = i64::try_from(snapshot.started_at).ok();
    let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let at = at.map_or_else(String::new, |at| {
        at.strftime("%Y-%m-%d %H:%M UTC").to_string()
    });
    let seconds = words.number(f64::from(snapshot.plan.block_ms) / 1_000.0, 0);
    let values = [("time", at.into()), ("seconds", seconds.into())];
    Shown {
        gathered: Gathered {
            title: arms.join(" / "),
            series: found.series(arms.each_ref().map(String::as_str)).into(),
            notes: told::ways(snapshot, &found, &names, words)
                .into_iter()
                .collect(),
            ..Gathered::default()
        },
        source: words.tell(Key::ReportMeasured, values),
        measured: told::verdict(snapshot, &names, words),
    }
}

/// The samples of the feed, or of our own probes where there is no helper.
async fn measured(heard: &Heard, seconds: u32, words: &Words) -> Shown {
    let time = ("seconds", seconds.into());
    let series = series(heard);
    if !series.is_empty() {
        let gathered = Gathered {
            series,
            ..Gathered::default()
        };
        return Shown::of(gathered, words.tell(Key::ReportLive, [time]));
    }
    let target = ("target", ANCHOR_V4.to_string().into());
    if heard.state.is_none() {
        let wanted = Wanted {
            targets: vec![ANCHOR_V4.to_string()],
            count: seconds * HZ,
            interval_ms: None,
        };
        if let Ok(probed) = ping::probe(&wanted).await {
            let gathered = Gathered::of_probes(probed);
            return Shown::of(gathered, words.tell(Key::ReportAlone, [time, target]));
        }
    }
    let source = words.tell(Key::ReportNoSamples, [target]);
    Shown::of(Gathered::default(), source)
}

/// A series for each uplink of the feed, by the names the helper gives them.
fn series(heard: &Heard) -> Vec<Series> {
    let mut by_ifindex: BTreeMap<u32, Vec<Probe>> = BTreeMap::new();
    for record in heard.frames.iter().flat_map(|frame| &frame.records) {
        if let Record::Sample {
            ifindex,
            at_ns,
            rtt_ns,
            ..
        } = *record
        {
            by_ifindex.entry(ifindex).or_default().push(Probe {
                sent_ns: at_ns,
                rtt_ns,
            });
        }
    }
    let first_ns = by_ifindex
        .values()
        .flatten()
        .map(|probe| probe.sent_ns)
        .min()
        .unwrap_or(0);
    let uplinks = heard.state.as_ref().map_or(&[][..], |state| &state.uplinks);
    let named = |(ifindex, mut probes): (u32, Vec<Probe>)| {
        for probe in &mut probes {
            probe.sent_ns -= first_ns;
        }
        probes.sort_by_key(|probe| probe.sent_ns);
        let uplink = uplinks.iter().find(|uplink| uplink.ifindex == ifindex);
        let name = uplink.map_or_else(|| format!("#{ifindex}"), |uplink| uplink.name.clone());
        Series {
            probes,
            ..Series::named(&name)
        }
    };
    by_ifindex.into_iter().map(named).collect()
}

fn compose(heard: Heard, shown: Shown, findings: Vec<Finding>, words: &Words) -> Report {
    let Shown {
        gathered,
        source,
        measured,
    } = shown;
    let delivery = Delivery {
        title: &gathered.title,
        series: &gathered.series,
        started_unix_ms: None,
        one_after_the_other: gathered.files > 1,
        lead: Vec::new(),
        notes: gathered.notes.clone(),
    };
    let table = Table::of(&gathered.series, &thresholds_for(&gathered.series));
    let notes = deliver::notes(&delivery, &table, words);
    let told = page(heard.state, &heard.frames, words);
    let mut machine = vec![(words.say(Key::ReportSystem), system())];
    machine.push((words.say(Key::FactKernel), kernel()));
    machine.push((words.say(Key::FactHelper), told.helper));
    machine.push((words.say(Key::FactAbility), told.ability));
    let made = Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    Report {
        made,
        verdict: told.verdict,
        in_force: told.in_force,
        machine,
        uplinks: told.uplinks,
        changed: told.changed,
        source: source.replace('\u{2060}', ""),
        measured,
        series: gathered.series,
        notes,
        spikes: told.spikes,
        findings,
        open: false,
    }
}

fn finding(found: doctor::Finding) -> Finding {
    Finding {
        level: match found.level {
            doctor::Level::Fine => Level::Fine,
            doctor::Level::Note => Level::Note,
            doctor::Level::Problem => Level::Problem,
        },
        what: found.what,
        todo: found.todo,
    }
}

/// The distribution, as it calls itself; inside a Flatpak that of the host.
fn system() -> String {
    let files = [
        "/run/host/os-release",
        "/etc/os-release",
        "/usr/lib/os-release",
    ];
    let name = files.iter().find_map(|path| {
        let text = small_file(path)?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches(['"', '\'']).to_owned())
    });
    name.unwrap_or_else(|| "Linux".to_owned())
}

/// The kernel's release, and what it is built for where that matters.
fn kernel() -> String {
    let Ok(kernel) = uname() else {
        return "Linux".to_owned();
    };
    let release = kernel.release().to_string_lossy();
    let real_time = kernel.version().to_string_lossy().contains("PREEMPT_RT");
    let (machine, suffix) = (
        kernel.machine().to_string_lossy(),
        if real_time { ", PREEMPT_RT" } else { "" },
    );
    format!("Linux {release} ({machine}{suffix})")
}

fn own_addresses() -> Vec<IpAddr> {
    let all = getifaddrs().into_iter().flatten();
    let addresses = all.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    });
    addresses.collect()
}

/// What this computer is called, also without its domain.
fn computers() -> Vec<String> {
    let mut names = Vec::new();
    if let Ok(name) = gethostname() {
        let name = name.to_string_lossy().into_owned();
        names.extend(name.split_once('.').map(|(short, _)| short.to_owned()));
        names.push(name);
    }
    let pretty = small_file("/etc/machine-info").unwrap_or_default();
    let pretty = pretty
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_HOSTNAME="));
    names.extend(pretty.map(|name| name.trim_matches('"').to_owned()));
    names
}

/// The Wi-Fi networks this computer is in.
fn networks() -> Vec<String> {
    evenkeel_evidence::radio::networks()
}

/// What people on this computer are called: their user names, and the names behind them.
fn users() -> Vec<String> {
    let mut names: Vec<String> = user_name(Uid::current().as_raw()).into_iter().collect();
    for variable in ["USER", "LOGNAME", "SUDO_USER"] {
        names.extend(std::env::var(variable));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let home = home
        .as_deref()
        .and_then(Path::file_name)
        .map(OsStr::to_string_lossy);
    names.extend(home.map(Cow::into_owned));
    for line in small_file("/etc/passwd").unwrap_or_default().lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [name, _, uid, _, full, ..] = fields[..]
            && uid.parse().is_ok_and(|uid| PEOPLE.contains(&uid))
        {
            names.push(name.to_owned());
            let full = full.split(',').next().unwrap_or(full);
            names.push(full.to_owned());
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn small_file(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    (text.len() <= MAX_BYTES).then_some(text)
}

fn write(
    output: Option<&Path>,
    page: &str,
    words: &Words,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let path = match output {
        Some(path) if path == OsStr::new("-") => {
            out.write_all(page.as_bytes())?;
            return Ok(out.flush()?);
        }
        Some(path) => {
            to_file(path, |file| file.write_all(page.as_bytes()))?;
            path.to_owned()
        }
        None => write_new(page)?,
    };
    let values = [("path", path.display().to_string().into())];
    let said = words
        .tell(Key::ReportWritten, values)
        .replace('\u{2060}', "");
    writeln!(out, "{}", super::out::escaped(&said))?;
    Ok(out.flush()?)
}

/// A file that was not there before, called by the time.
fn write_new(page: &str) -> Result<PathBuf, Failure> {
    let time = Timestamp::now().strftime("%Y%m%d-%H%M%S");
    let path = PathBuf::from(format!("evenkeel-report-{time}.html"));
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(page.as_bytes()));
    written.map_err(|error| {
        let path = path.display();
        let message = format!("{path} cannot be written: {error}; name another file with -o");
        Failure::new(Exit::Failed, message)
    })?;
    Ok(path)
}

/// A line for who waits at a terminal.
fn tell_progress(what: &str) {
    if io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "evenkeel: {what}");
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
