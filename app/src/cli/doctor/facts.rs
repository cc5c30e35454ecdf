//! Finds out about an installation, from the bus to the kernel. Reads only; the one thing it may cause
//! is that the bus starts the helper. What the facts mean is `judge`'s business.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use evenkeel_dbus::{Helper1Proxy, HelperError, can_be_started};
use zbus::{Connection, OwnedObjectPath};

use super::super::exit::{Exit, Failure, exit_of};
use super::super::{helper, words};
use super::known::{About, Decky, Facts, Files, Helper, Immutable, Part, Unit};
use crate::installation::{self, Found, UNIT, UNITS};
use crate::state::HelperState;

/// The installer for read-only systems puts everything here.
const OPT: &str = "/opt/evenkeel";
const KEEP_LIST: &str = "/etc/atomic-update.conf.d/evenkeel.conf";
/// The Decky Loader's unit.
const LOADER: &str = "/etc/systemd/system/plugin_loader.service";
/// The rule that lets its plugin in, where polkit looks for it and where it is brought to.
const RULE: &str = "/etc/polkit-1/rules.d/49-evenkeel-decky.rules";
const RULE_SOURCES: [&str; 3] = [
    "/opt/evenkeel/share/evenkeel/49-evenkeel-decky.rules",
    "/usr/share/evenkeel/49-evenkeel-decky.rules",
    "/usr/local/share/evenkeel/49-evenkeel-decky.rules",
];
/// Where the bus looks for services that it can start.
const ACTIVATION: [&str; 4] = [
    "/etc/dbus-1/system-services",
    "/usr/local/share/dbus-1/system-services",
    "/usr/share/dbus-1/system-services",
    "/lib/dbus-1/system-services",
];
/// Where it looks for policies.
const POLICIES: [&str; 2] = ["/etc/dbus-1/system.d", "/usr/share/dbus-1/system.d"];
/// Where polkit looks for actions.
const ACTIONS: [&str; 3] = [
    "/etc/polkit-1/actions",
    "/usr/local/share/polkit-1/actions",
    "/usr/share/polkit-1/actions",
];

/// One action as polkit lists it; the first field is its id.
type Action = (
    String,
    String,
    String,
    String,
    String,
    String,
    u32,
    u32,
    u32,
    HashMap<String, String>,
);

/// One unit as systemd lists it; the fourth field is its state.
type Listed = (
    String,
    String,
    String,
    String,
    String,
    String,
    OwnedObjectPath,
    u32,
    String,
    OwnedObjectPath,
);

/// Everything that can be found out.
pub async fn gather() -> Facts {
    let flatpak = crate::system_bus::in_sandbox();
    let mut facts = Facts {
        version: env!("CARGO_PKG_VERSION").into(),
        flatpak,
        bus: Ok(()),
        helper: Helper::Silent(String::new()),
        activatable: None,
        files: (!flatpak).then(files),
        immutable: (!flatpak && Path::new(OPT).is_dir()).then(|| Immutable {
            keeps: Path::new(KEEP_LIST).is_file(),
        }),
        decky: (!flatpak && Path::new(LOADER).exists()).then(decky),
        actions: Err("not asked".into()),
        unit: None,
        found: Found::default(),
        ping_groups: ping_groups(),
    };
    let proxy = match helper::connect().await {
        Ok(proxy) => proxy,
        Err(failure) => {
            facts.bus = Err(match failure {
                // What was not changed is of no interest here.
                Failure::Said(_, why) => why.split(';').next().unwrap_or_default().to_owned(),
                Failure::ReaderLeft => "the system bus closed the connection".to_owned(),
            });
            return facts;
        }
    };
    let bus = proxy.inner().connection().clone();
    facts.found = installation::look(&bus).await;
    facts.activatable = can_be_started(&bus).await.ok();
    facts.helper = ask(&proxy).await;
    facts.actions = actions(&bus).await.map_err(|error| error.to_string());
    facts.unit = unit(&bus).await.ok();
    facts
}

async fn ask(helper: &Helper1Proxy<'_>) -> Helper {
    match HelperState::read(helper).await {
        Ok(state) => Helper::Answers(About {
            version: state.version,
            lowpower: state.lowpower,
            uplinks: state
                .uplinks
                .into_iter()
                .map(|uplink| uplink.name)
                .collect(),
            reason: words::reason(state.reason).to_string(),
            last_error: state.last_error.map(|(_, sentence)| sentence),
        }),
        Err(error) => sorted(&error),
    }
}

fn sorted(error: &HelperError) -> Helper {
    let why = error.message();
    match exit_of(error) {
        Exit::Refused => Helper::Refused(why),
        _ => Helper::Silent(why),
    }
}

/// Our actions, as polkit knows them.
async fn actions(bus: &Connection) -> zbus::Result<Vec<String>> {
    let answer = bus
        .call_method(
            Some("org.freedesktop.PolicyKit1"),
            "/org/freedesktop/PolicyKit1/Authority",
            Some("org.freedesktop.PolicyKit1.Authority"),
            "EnumerateActions",
            &("",),
        )
        .await?;
    let all: Vec<Action> = answer.body().deserialize()?;
    let ours = all.into_iter().map(|action| action.0);
    Ok(ours
        .filter(|id| id.starts_with("io.github.evenkeel."))
        .collect())
}

async fn unit(bus: &Connection) -> zbus::Result<Unit> {
    let systemd = Some("org.freedesktop.systemd1");
    let manager = "/org/freedesktop/systemd1";
    let interface = Some("org.freedesktop.systemd1.Manager");
    let answer = bus
        .call_method(systemd, manager, interface, "GetUnitFileState", &(UNIT,))
        .await?;
    let file: String = answer.body().deserialize()?;
    let answer = bus
        .call_method(
            systemd,
            manager,
            interface,
            "ListUnitsByNames",
            &(vec![UNIT],),
        )
        .await?;
    let listed: Vec<Listed> = answer.body().deserialize()?;
    let active = listed
        .into_iter()
        .next()
        .map_or_else(String::new, |unit| unit.3);
    Ok(Unit { active, file })
}

fn files() -> Files {
    let place = |part: Part| -> (&[&str], &str) {
        match part {
            Part::Activation => (&ACTIVATION, "io.github.evenkeel.Helper1.service"),
            Part::Policy => (&POLICIES, "io.github.evenkeel.Helper1.conf"),
            Part::Actions => (&ACTIONS, "io.github.evenkeel.helper1.policy"),
            Part::Unit => (&UNITS, UNIT),
        }
    };
    let is_there = |part: &Part| {
        let (directories, name) = place(*part);
        let mut paths = directories
            .iter()
            .map(|directory| Path::new(directory).join(name));
        paths.any(|path| path.is_file())
    };
    Files(Part::ALL.into_iter().filter(is_there).collect())
}

fn decky() -> Decky {
    let mut sources = RULE_SOURCES.into_iter();
    let source = sources.find(|path| Path::new(path).is_file());
    Decky {
        rule: Path::new(RULE).try_exists().ok(),
        source: source.map(str::to_owned),
    }
}

fn ping_groups() -> Option<(u32, u32)> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
