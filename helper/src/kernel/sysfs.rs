//! What kind of link an interface is, from a directory like `/sys/class/net`.
//!
//! It is not for link state or addresses: netlink tells those. What can't be read is no error,
//! only a link of kind "other".

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use evenkeel_dbus::UplinkKind;

/// The longest `uevent` or `type` file read.
const MAX_BYTES: u64 = 4096;

/// `ARPHRD_ETHER`, the hardware type of everything that frames like Ethernet.
const ETHERNET_TYPE: &str = "1";

/// Drivers of cellular modems that look like a network card.
const MODEM_DRIVERS: [&str; 8] = [
    "cdc_mbim",
    "huawei_cdc_ncm",
    "iosm",
    "mhi_net",
    "qmi_wwan",
    "sierra_net",
    "t7xx",
    "wwan_hwsim",
];

/// Drivers of phones that share their connection.
const TETHER_DRIVERS: [&str; 5] = ["bnep", "cdc_ether", "cdc_ncm", "ipheth", "rndis_host"];

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
