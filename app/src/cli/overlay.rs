//! `evenkeel overlay`: one line about the connection for an overlay that calls it again and again. It
//! reads what the helper has measured anyway. It starts nothing, subscribes to nothing, and leaves a
//! helper that rests alone: one that says so is not asked again for a while, or it would never go.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use evenkeel_dbus::{BUS_NAME, Helper1Proxy, UplinkInfo, UplinkState};
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::proxy::CacheProperties;

use super::exit::Failure;
use super::out::escaped;

/// An overlay has no time for more; a busy helper answers the next call.
const PATIENCE: Duration = Duration::from_millis(800);
/// A helper that rests leaves half a minute after it was last asked; for longer than that it isn't.
const LET_IT_REST: Duration = Duration::from_secs(40);
/// Its modification time says when the helper rested, in the user's runtime directory.
const STAMP: &str = "evenkeel-overlay-rests";

/// What an overlay shows when nothing is measured, and when nobody could.
const RESTS: &str = "no ping: game mode is off";
const ABSENT: &str = "no ping: no helper";

/// Prints the line. It always is one, so that the overlay does not jump.
///
/// # Errors
/// When the output cannot be written.
pub async fn run(out: &mut dyn Write) -> Result<(), Failure> {
    let stamp = stamp();
    let line = if stamp
        .as_deref()
        .is_some_and(|stamp| is_fresh(stamp, SystemTime::now()))
    {
        RESTS.to_owned()
    } else {
        match timeout(PATIENCE, ask()).await {
            Ok(Ok(Some(reading))) => {
                if let (false, Some(stamp)) = (reading.sampling, &stamp) {
                    // Without it the helper is only asked more often.
                    let _ = fs::write(stamp, "");
                }
                reading.line()
            }
            Ok(Ok(None) | Err(_)) | Err(_) => ABSENT.to_owned(),
        }
    };
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Something began that makes the helper measure: the next call asks again.
pub fn wake() {
    if let Some(stamp) = stamp() {
        let _ = fs::remove_file(stamp);
    }
}

fn stamp() -> Option<PathBuf> {
    let directory = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty())?;
    Some(Path::new(&directory).join(STAMP))
}

fn is_fresh(stamp: &Path, now: SystemTime) -> bool {
    let written = fs::metadata(stamp).and_then(|file| file.modified());
    written.is_ok_and(|then| now.duration_since(then).is_ok_and(|age| age < LET_IT_REST))
}

/// What the overlay needs of the helper.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    sampling: bool,
    leader: u32,
    game_mode: bool,
    uplinks: Vec<UplinkInfo>,
}

/// Asks a helper that runs; `None` when none does.
async fn ask() -> zbus::Result<Option<Reading>> {
    let connection = crate::system_bus::system().build().await?;
    let bus = DBusProxy::builder(&connection)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    // Any other question would start it.
    let name = BusName::try_from(BUS_NAME)?;
    if !bus.name_has_owner(name).await? {
        return Ok(None);
    }
    let helper = Helper1Proxy::builder(&connection)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let (sampling, leader, game_mode, uplinks) = tokio::try_join!(
        helper.sampling(),
        helper.leader(),
        helper.game_mode(),
        helper.uplinks()
    )?;
    Ok(Some(Reading {
        sampling,
        leader,
        game_mode,
        uplinks,
    }))
}

impl Reading {
    fn line(&self) -> String {
        if !self.sampling {
            return RESTS.to_owned();
        }
        let Some(uplink) = self.shown() else {
            return "no ping: no uplink".to_owned();
        };
        let name = escaped(&uplink.name);
        let mode = if self.game_mode { " game mode" } else { "" };
        match UplinkState::from_wire(uplink.state) {
            UplinkState::Dead | UplinkState::Gone => format!("no answer {name}{mode}"),
            _ if uplink.rtt_ns == 0 => format!("... {name}{mode}"),
            _ => {
                let rtt = uplink.rtt_ns as f64 / 1e6;
                let jitter = uplink.jitter_ns as f64 / 1e6;
                // Where rounding would add a digit.
                let digits = usize::from(rtt < 9.95);
                format!("{rtt:.digits$} ms ±{jitter:.1} {name}{mode}")
            }
        }
    }

    /// The leader; before there is one, the uplink that answers soonest.
    fn shown(&self) -> Option<&UplinkInfo> {
        let uplinks = || self.uplinks.iter();
        let leader = uplinks().find(|uplink| uplink.ifindex == self.leader);
        let answering = uplinks().filter(|uplink| uplink.rtt_ns > 0);
        leader
            .or_else(|| answering.min_by_key(|uplink| uplink.rtt_ns))
            .or_else(|| self.uplinks.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uplink(ifindex: u32, name: &str, rtt_ns: u64) -> UplinkInfo {
        UplinkInfo {
            ifindex,
            name: name.to_owned(),
            state: UplinkState::Alive.to_wire(),
            rtt_ns,
            jitter_ns: 1_234_000,
            ..UplinkInfo::default()
        }
    }

    fn reading() -> Reading {
        Reading {
            sampling: true,
            leader: 3,
            game_mode: true,
            uplinks: vec![
                uplink(2, "wwan0", 40_000_000),
                uplink(3, "wlan0", 23_400_000),
            ],
        }
    }

    #[test]
    fn the_leader_is_shown_with_ping_jitter_and_mode() {
        assert_eq!(reading().line(), "23 ms ±1.2 wlan0 game mode");
        let mut near = reading();
        near.game_mode = false;
        near.uplinks[1].rtt_ns = 9_449_000;
        assert_eq!(near.line(), "9.4 ms ±1.2 wlan0");
        near.uplinks[1].rtt_ns = 9_951_000;
        assert_eq!(near.line(), "10 ms ±1.2 wlan0");
    }

    #[test]
    fn without_a_leader_the_soonest_answer_is_shown() {
        let mut open = reading();
        open.leader = 0;
        assert_eq!(open.line(), "23 ms ±1.2 wlan0 game mode");
        open.uplinks.clear();
        assert_eq!(open.line(), "no ping: no uplink");
    }

    #[test]
    fn what_is_not_measured_is_not_made_up() {
        let mut rests = reading();
        rests.sampling = false;
        assert_eq!(rests.line(), RESTS);
        let mut dead = reading();
        dead.uplinks[1].state = UplinkState::Dead.to_wire();
        assert_eq!(dead.line(), "no answer wlan0 game mode");
        let mut young = reading();
        young.uplinks[1].rtt_ns = 0;
        assert_eq!(young.line(), "... wlan0 game mode");
    }

    #[test]
    fn the_documented_configuration_has_all_that_mangohud_needs_to_call_it() {
        let text = include_str!("../../../docs/OVERLAY.md");
        let lines: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .collect();
        let at = |wanted: &str| lines.iter().position(|line| *line == wanted);
        // In its own layout it neither shows nor calls anything.
        let own_layout = at("legacy_layout=0");
        assert!(own_layout.is_some() && own_layout < at("exec=evenkeel overlay"));
        assert!(lines.contains(&"evenkeel run -- mangohud %command%"));
    }

    #[test]
    fn a_helper_that_rests_is_let_rest_for_longer_than_it_stays() {
        let stamp = std::env::temp_dir().join(format!("evenkeel-stamp-{}", std::process::id()));
        let now = SystemTime::now();
        assert!(!is_fresh(&stamp, now));
        fs::write(&stamp, "").unwrap();
        assert!(is_fresh(&stamp, now + Duration::from_secs(30)));
        assert!(!is_fresh(&stamp, now + Duration::from_secs(42)));
        fs::remove_file(stamp).unwrap();
    }
}
