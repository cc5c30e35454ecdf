//! What kind of link an interface is, from a directory like `/sys/class/net`.
//!
//! It is not for link state or addresses: netlink tells those. What can't be read is no error,
//! only a link of kind "other".

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use evenkeel_core::uplink::{MODEM_DRIVERS, TETHER_DRIVERS};
use evenkeel_dbus::UplinkKind;

/// The longest `uevent` or `type` file read.
const MAX_BYTES: u64 = 4096;

/// `ARPHRD_ETHER`, the hardware type of everything that frames like Ethernet.
const ETHERNET_TYPE: &str = "1";

/// The kind of the interface `name` below `class_net` (`/sys/class/net`).
pub fn kind(class_net: &Path, name: &str) -> UplinkKind {
    let Some(dir) = interface_dir(class_net, name) else {
        return UplinkKind::Other;
    };
    let device_type = device_type(&dir);
    let driver = driver(&dir);
    let driven_by = |drivers: &[&str]| driver.as_deref().is_some_and(|d| drivers.contains(&d));
    let is_type = |wanted| device_type.as_deref() == Some(wanted);

    if is_type("wlan") || dir.join("wireless").exists() || dir.join("phy80211").exists() {
        UplinkKind::WiFi
    } else if is_type("wwan") || driven_by(&MODEM_DRIVERS) {
        UplinkKind::Wwan
    } else if is_type("bluetooth") || driven_by(&TETHER_DRIVERS) {
        UplinkKind::Tether
    } else if driver.is_some()
        && device_type.is_none()
        && read_short(&dir.join("type")).is_some_and(|text| text.trim() == ETHERNET_TYPE)
    {
        UplinkKind::Ethernet
    } else {
        UplinkKind::Other
    }
}

/// Whether the interface is a tunnel, which rides on an uplink and is none itself.
pub fn is_tunnel(class_net: &Path, name: &str) -> bool {
    interface_dir(class_net, name).is_some_and(|dir| {
        dir.join("tun_flags").exists()
            || matches!(
                device_type(&dir).as_deref(),
                Some("wireguard" | "l2tpeth" | "vxlan")
            )
    })
}

/// Bytes that the interface has sent since it was made; `None` when it doesn't say.
pub fn tx_bytes(class_net: &Path, name: &str) -> Option<u64> {
    let dir = interface_dir(class_net, name)?;
    read_short(&dir.join("statistics/tx_bytes"))?
        .trim()
        .parse()
        .ok()
}

/// The interface's directory, if its name can't lead anywhere else.
fn interface_dir(class_net: &Path, name: &str) -> Option<PathBuf> {
    let plain = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
    plain.then(|| class_net.join(name))
}

/// `DEVTYPE` of the interface's uevent.
fn device_type(dir: &Path) -> Option<String> {
    let text = read_short(&dir.join("uevent"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("DEVTYPE="))
        .map(str::to_owned)
}

/// The name of the driver of the device behind the interface.
fn driver(dir: &Path) -> Option<String> {
    let target = dir.join("device/driver").read_link().ok()?;
    Some(target.file_name()?.to_str()?.to_owned())
}

fn read_short(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    /// A recorded `/sys/class/net`, removed with it.
    struct Tree(PathBuf);

    impl Tree {
        fn new(test: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("evk-sysfs-{}-{test}", std::process::id()));
            fs::create_dir(&dir).unwrap();
            Self(dir)
        }

        /// An interface with a uevent, a hardware type and, for a device, its driver.
        fn add(&self, name: &str, uevent: &str, driver: Option<&str>) {
            let dir = self.0.join(name);
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join("uevent"), uevent).unwrap();
            fs::write(dir.join("type"), "1\n").unwrap();
            if let Some(driver) = driver {
                fs::create_dir(dir.join("device")).unwrap();
                symlink(
                    format!("../../bus/drivers/{driver}"),
                    dir.join("device/driver"),
                )
                .unwrap();
            }
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn links_are_told_apart_as_on_real_machines() {
        let tree = Tree::new("kinds");
        for (name, uevent, driver, expected) in [
            (
                "wlan0",
                "DEVTYPE=wlan\nINTERFACE=wlan0\n",
                Some("ath11k_pci"),
                UplinkKind::WiFi,
            ),
            (
                "enp1s0",
                "INTERFACE=enp1s0\n",
                Some("r8169"),
                UplinkKind::Ethernet,
            ),
            (
                "enxdock",
                "INTERFACE=enxdock\n",
                Some("r8152"),
                UplinkKind::Ethernet,
            ),
            (
                "wwan0",
                "DEVTYPE=wwan\nINTERFACE=wwan0\n",
                Some("qmi_wwan"),
                UplinkKind::Wwan,
            ),
            (
                "mbim0",
                "INTERFACE=mbim0\n",
                Some("cdc_mbim"),
                UplinkKind::Wwan,
            ),
            (
                "usb0",
                "INTERFACE=usb0\n",
                Some("rndis_host"),
                UplinkKind::Tether,
            ),
            (
                "bnep0",
                "DEVTYPE=bluetooth\nINTERFACE=bnep0\n",
                None,
                UplinkKind::Tether,
            ),
            (
                "br0",
                "DEVTYPE=bridge\nINTERFACE=br0\n",
                None,
                UplinkKind::Other,
            ),
            ("veth0", "INTERFACE=veth0\n", None, UplinkKind::Other),
        ] {
            tree.add(name, uevent, driver);
            assert_eq!(kind(&tree.0, name), expected, "{name}");
            assert!(!is_tunnel(&tree.0, name), "{name}");
        }
        assert_eq!(kind(&tree.0, "gone0"), UplinkKind::Other);
    }

    #[test]
    fn tunnels_are_recognised() {
        let tree = Tree::new("tunnels");
        tree.add("wg0", "DEVTYPE=wireguard\nINTERFACE=wg0\n", None);
        tree.add("tun0", "INTERFACE=tun0\n", None);
        fs::write(tree.0.join("tun0/tun_flags"), "0x1001\n").unwrap();
        assert!(is_tunnel(&tree.0, "wg0"));
        assert!(is_tunnel(&tree.0, "tun0"));
        assert!(!is_tunnel(&tree.0, "gone0"));
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_directory() {
        let tree = Tree::new("names");
        tree.add("wlan0", "DEVTYPE=wlan\n", None);
        let inside = tree.0.join("wlan0");
        fs::create_dir(inside.join("empty")).unwrap();
        for name in ["../wlan0", "..", ".", "", "empty/..", "/proc"] {
            assert_eq!(kind(&inside, name), UplinkKind::Other, "{name:?}");
        }
    }
}
