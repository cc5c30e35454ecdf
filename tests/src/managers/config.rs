//! The settings files of the lab's `NetworkManager` and systemd-networkd as plain text: two uplinks with
//! a fixed IPv4 address and default, and IPv6 by the routers' advertisements. Nothing here runs
//! anything.

use super::Kind;
use crate::topology::Uplink;

/// Metric of the default routes of an uplink: the first one is the Wi-Fi, which `NetworkManager` gives
/// 600, and the others are wired, which it gives 100 and the next free ones.
pub fn metric(uplink: Uplink) -> u32 {
    match uplink.number {
        1 => 600,
        n => 98 + u32::from(n),
    }
}

/// A file of a daemon: its name below the daemon's settings directory, and its text.
pub type SettingsFile = (String, String);

/// The settings of a daemon for these uplinks.
pub fn files(kind: Kind, uplinks: &[Uplink]) -> Vec<SettingsFile> {
    match kind {
        Kind::NetworkManager => network_manager(uplinks),
        Kind::Networkd => uplinks.iter().map(|uplink| network(*uplink)).collect(),
    }
}

fn network_manager(uplinks: &[Uplink]) -> Vec<SettingsFile> {
    let mut files = vec![("NetworkManager.conf".to_owned(), MAIN.to_owned())];
    for uplink in uplinks {
        let (name, metric) = (uplink.name, metric(*uplink));
        let text = format!(
            "[connection]\nid={name}\nuuid=00000000-0000-4000-8000-00000000000{}\ntype=ethernet\n\
             interface-name={name}\n\n\
             [ipv4]\nmethod=manual\naddress1={}/24,{}\nroute-metric={metric}\n\n\
             [ipv6]\nmethod=auto\nroute-metric={metric}\naddr-gen-mode=eui64\n",
            uplink.number,
            uplink.host_v4(),
            uplink.gateway_v4(),
        );
        files.push((format!("system-connections/{name}.nmconnection"), text));
    }
    files
}

/// `NetworkManager` minds only the profiles given to it, and no names, no hostname and no web check.
const MAIN: &str = "[main]
plugins=keyfile
no-auto-default=*
dns=none
rc-manager=unmanaged
hostname-mode=none

[connectivity]
enabled=false
";

fn network(uplink: Uplink) -> SettingsFile {
    let text = format!(
        "[Match]\nName={}\n\n[Network]\nAddress={}/24\nIPv6AcceptRA=yes\n\n\
         [Route]\nGateway={}\nMetric={}\n",
        uplink.name,
        uplink.host_v4(),
        uplink.gateway_v4(),
        metric(uplink),
    );
    (format!("10-{}.network", uplink.name), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::uplinks;

    #[test]
    fn every_uplink_has_a_metric_of_its_own() {
        let metrics: Vec<u32> = uplinks(4).into_iter().map(metric).collect();
        assert_eq!(metrics, [600, 100, 101, 102]);
    }

    #[test]
    fn network_manager_gets_a_profile_per_uplink_and_networkd_a_file() {
        let names = |kind| -> Vec<String> {
            let files = files(kind, &uplinks(2));
            files.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(
            names(Kind::NetworkManager)[1..],
            [
                "system-connections/wifi0.nmconnection",
                "system-connections/usb0.nmconnection"
            ]
        );
        assert_eq!(
            names(Kind::Networkd),
            ["10-wifi0.network", "10-usb0.network"]
        );
    }
}
