//! The default routes of `pc` as values, read from `ip`'s JSON: what a network manager made, told from
//! what somebody else put in. It changes nothing.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::error::LabError;
use crate::lab::{Lab, wait_until};

/// The route protocol number of Evenkeel, whose defaults don't count as a manager's.
pub const OURS: u8 = 77;
/// How long a network manager may take to do what it does, on a loaded machine.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);

/// One nexthop of a default route in the main table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefaultRoute {
    /// 4 or 6.
    pub family: u8,
    /// Interface.
    pub device: String,
    /// The router's address, if there is a router.
    pub gateway: Option<IpAddr>,
    /// Who made it (`rtm_protocol`): 2 kernel, 3 boot, 4 static, 9 a router advertisement, ...
    pub protocol: u8,
    /// Metric; 0 when none is shown.
    pub metric: u32,
    /// Is it one of several nexthops of one route?
    pub multipath: bool,
}

#[derive(Deserialize)]
struct Route {
    #[serde(default)]
    dev: Option<String>,
    #[serde(default)]
    gateway: Option<IpAddr>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    metric: u32,
    #[serde(default)]
    nexthops: Vec<Nexthop>,
}

#[derive(Deserialize)]
struct Nexthop {
    #[serde(default)]
    dev: String,
    #[serde(default)]
    gateway: Option<IpAddr>,
}

/// Reads what `ip -N -j route show default` printed.
fn parse(family: u8, json: &str) -> Result<Vec<DefaultRoute>, LabError> {
    let json = if json.trim().is_empty() { "[]" } else { json };
    let routes: Vec<Route> = serde_json::from_str(json)
        .map_err(|e| LabError::Invalid(format!("`ip` printed {json:?}: {e}")))?;
    let mut found = Vec::new();
    for route in routes {
        let protocol = route.protocol.and_then(|n| n.parse().ok()).unwrap_or(0);
        let multipath = !route.nexthops.is_empty();
        let hops = route.nexthops.into_iter().map(|hop| (hop.dev, hop.gateway));
        let alone = route.dev.filter(|_| !multipath);
        for (device, gateway) in hops.chain(alone.map(|device| (device, route.gateway))) {
            found.push(DefaultRoute {
                family,
                device,
                gateway,
                protocol,
                metric: route.metric,
                multipath,
            });
        }
    }
    Ok(found)
}

impl Lab {
    /// The default routes of `pc` in table main, of both families.
    ///
    /// # Errors
    /// When `ip` fails or prints what can't be read.
    pub fn default_routes(&self) -> Result<Vec<DefaultRoute>, LabError> {
        let mut all = Vec::new();
        for (family, option) in [(4, "-4"), (6, "-6")] {
            let argv = ["ip", "-N", "-j", option, "route", "show", "default"];
            all.extend(parse(family, &self.command("pc", argv).text()?)?);
        }
        Ok(all)
    }

    /// Waits until every uplink has a default route in both families, whoever made it but
    /// [`OURS`].
    ///
    /// # Errors
    /// When it takes longer than 30 s; the message has the routes there are.
    pub fn wait_for_defaults(&self) -> Result<(), LabError> {
        wait_for(self, "a default per uplink and family", |_, _| true)
    }
}

/// Waits until exactly those uplinks (family, interface) have a default not of our own that should.
pub(super) fn wait_for(
    lab: &Lab,
    what: &str,
    wanted: impl Fn(u8, &str) -> bool,
) -> Result<(), LabError> {
    let mut last = Vec::new();
    let outcome = wait_until(what, SETTLE_TIMEOUT, || {
        last = lab.default_routes()?;
        last.retain(|route| route.protocol != OURS);
        let has = |family, device| {
            last.iter()
                .any(|route| route.family == family && route.device == device)
        };
        let uplinks = lab.uplinks();
        let mut all = uplinks
            .iter()
            .flat_map(|one| [(4, one.name), (6, one.name)]);
        Ok(all.all(|(family, device)| has(family, device) == wanted(family, device)))
    });
    outcome.map_err(|e| LabError::Invalid(format!("{e}; there are {last:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_and_multipath_defaults_are_told_apart() {
        let json = r#"[{"dst":"default","gateway":"10.2.0.1","dev":"usb0","protocol":"4","metric":100,"flags":[]},
            {"dst":"default","protocol":"9","metric":1024,"flags":[],"nexthops":[
              {"gateway":"fe80::1","dev":"wifi0","weight":1,"flags":[]},
              {"gateway":"fe80::2","dev":"usb0","weight":1,"flags":[]}]}]"#;
        let routes = parse(4, json).unwrap();
        let seen: Vec<_> = routes
            .iter()
            .map(|r| (r.device.as_str(), r.protocol, r.metric, r.multipath))
            .collect();
        assert_eq!(
            seen,
            [
                ("usb0", 4, 100, false),
                ("wifi0", 9, 1024, true),
                ("usb0", 9, 1024, true)
            ]
        );
    }

    #[test]
    fn no_routes_are_no_routes() {
        assert_eq!(parse(6, "\n").unwrap(), []);
        assert!(parse(6, "{").is_err());
    }
}
