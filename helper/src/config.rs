//! The administrator's settings, `/etc/evenkeel/evenkeeld.toml`. A field that cannot be used is
//! set to its default and reported; the others are kept. Nothing of this comes over the bus.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use evenkeel_core::uplink::{ANCHOR_TCP_PORT, ANCHOR_V4, ANCHOR_V6};
use toml::{Table, Value};

/// Where the settings are looked for unless `--config` says otherwise.
pub const DEFAULT_PATH: &str = "/etc/evenkeel/evenkeeld.toml";

const MAX_FILE_BYTES: u64 = 64 * 1024;
/// The periods that STEERING's latency constants are measured for.
const PERIODS_MS: [u32; 4] = [200, 250, 500, 1000];

/// What the administrator may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The internet address that IPv4 uplinks are probed against.
    pub anchor_v4: Ipv4Addr,
    /// The same for IPv6.
    pub anchor_v6: Ipv6Addr,
    /// The TCP port asked on the anchor where ICMP is filtered.
    pub tcp_port: u16,
    /// Milliseconds between two probes of one uplink: 200, 250, 500 or 1000.
    pub probe_period_ms: u32,
    /// Lead new IPv4 flows by a resilient nexthop group, where the kernel has them, instead of a
    /// single default route. It keeps flows in place that no rule can name (raw sockets, protocols
    /// other than TCP and UDP) while they talk; a destination that is asked again and again stays
    /// on the old uplink with it.
    pub resilient_groups: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            anchor_v4: ANCHOR_V4,
            anchor_v6: ANCHOR_V6,
            tcp_port: ANCHOR_TCP_PORT,
            probe_period_ms: 200,
            resilient_groups: false,
        }
    }
}

impl Config {
    /// Reads the file; a missing one is the defaults. The second value is what to tell the log.
    pub fn load(path: &Path) -> (Self, Vec<String>) {
        match std::fs::metadata(path).map(|meta| meta.len()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return (Self::default(), Vec::new());
            }
            Ok(bytes) if bytes > MAX_FILE_BYTES => {
                let text = format!("{} is too large; using the defaults", path.display());
                return (Self::default(), vec![text]);
            }
            _ => {}
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) => {
                let text = format!(
                    "cannot read {}: {error}; using the defaults",
                    path.display()
                );
                (Self::default(), vec![text])
            }
        }
    }

    /// Reads the settings from their text; the second value is what to tell the log.
    pub fn parse(text: &str) -> (Self, Vec<String>) {
        let mut config = Self::default();
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                return (
                    config,
                    vec![format!("the settings are no TOML, using defaults: {error}")],
                );
            }
        };
        let mut complaints = Vec::new();
        for (key, value) in &table {
            if let Err(expected) = config.set(key, value) {
                complaints.push(format!("setting {key:?} ignored: {expected}"));
            }
        }
        (config, complaints)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), &'static str> {
        match key {
            "anchor-v4" => {
                self.anchor_v4 = address(value).ok_or("expected an IPv4 address in quotes")?;
            }
            "anchor-v6" => {
                self.anchor_v6 = address(value).ok_or("expected an IPv6 address in quotes")?;
            }
            "tcp-port" => {
                self.tcp_port = value
                    .as_integer()
                    .and_then(|port| u16::try_from(port).ok())
                    .filter(|port| *port != 0)
                    .ok_or("expected a port, 1 to 65535")?;
            }
            "probe-period-ms" => {
                self.probe_period_ms = value
                    .as_integer()
                    .and_then(|period| u32::try_from(period).ok())
                    .filter(|period| PERIODS_MS.contains(period))
                    .ok_or("expected 200, 250, 500 or 1000")?;
            }
            "resilient-groups" => {
                self.resilient_groups = value.as_bool().ok_or("expected true or false")?;
            }
            _ => return Err("there is no such setting"),
        }
        Ok(())
    }

    /// The anchor of one family.
    pub fn anchor(&self, v6: bool) -> IpAddr {
        if v6 {
            IpAddr::V6(self.anchor_v6)
        } else {
            IpAddr::V4(self.anchor_v4)
        }
    }
}

fn address<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_field_is_reported_and_the_others_are_kept() {
        let (config, complaints) = Config::parse(
            "anchor-v4 = \"203.0.113.1\"\nprobe-period-ms = 7\ntcp-port = 0\ncolour = 1\n",
        );
        assert_eq!(config.anchor_v4, Ipv4Addr::new(203, 0, 113, 1));
        assert_eq!(config.probe_period_ms, 200);
        assert_eq!(config.tcp_port, 443);
        assert_eq!(complaints.len(), 3, "{complaints:?}");
    }

    #[test]
    fn no_file_and_no_toml_are_the_defaults() {
        let (config, complaints) = Config::load(Path::new("/nonexistent/evenkeeld.toml"));
        assert_eq!((config, complaints), (Config::default(), Vec::new()));
        let (config, complaints) = Config::parse("][");
        assert_eq!(config, Config::default());
        assert_eq!(complaints.len(), 1);
    }
}
