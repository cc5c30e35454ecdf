//! The interface XML, the running helper and the bus policy say the same.

use std::collections::BTreeSet;
use std::fs;

use evenkeel_dbus::{
    BUS_NAME, INTERFACE, INTERFACE_XML, MEASUREMENT_INTERFACE, MEASUREMENT_XML, OBJECT_PATH,
};
use evenkeel_lab::contract::{Interface, policy_members};
use evenkeel_lab::scene::Scene;
use evenkeel_lab::{LabError, LabSpec};

const POLICY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../packaging/dbus/io.github.evenkeel.Helper1.conf"
);

#[test]
fn the_running_helper_is_what_the_documented_xml_says() -> Result<(), LabError> {
    let scene = Scene::start(&LabSpec::default())?;
    let running = scene
        .lab
        .command_as("player", ["evenkeel-lab", "introspect"])?
        .text()?;
    assert_eq!(
        Interface::parse(&running)?,
        Interface::parse(INTERFACE_XML)?
    );
    Ok(())
}

#[test]
fn a_measurement_is_what_its_documented_xml_says() -> Result<(), LabError> {
    let scene = Scene::start(&LabSpec::default())?;
    scene.must("StartMeasurement", &[0, 0, 0, 1, 6, 0, 1500, 500, 50])?;
    let path = format!("{OBJECT_PATH}/measurement/1");
    let running = scene
        .lab
        .command_as("player", ["evenkeel-lab", "introspect", &path])?
        .text()?;
    assert_eq!(
        Interface::of(&running, MEASUREMENT_INTERFACE)?,
        Interface::of(MEASUREMENT_XML, MEASUREMENT_INTERFACE)?
    );
    Ok(())
}

#[test]
fn the_bus_policy_allows_every_method_and_nothing_else() -> Result<(), LabError> {
    let policy = fs::read_to_string(POLICY).map_err(|error| LabError::io(POLICY, error))?;
    let interface = Interface::parse(INTERFACE_XML)?;
    let methods: BTreeSet<String> = interface.methods.keys().cloned().collect();
    let allowed = policy_members(&policy)?;
    assert_eq!(allowed.get(INTERFACE), Some(&methods));
    let measurement = Interface::of(MEASUREMENT_XML, MEASUREMENT_INTERFACE)?;
    let methods: BTreeSet<String> = measurement.methods.keys().cloned().collect();
    assert_eq!(allowed.get(MEASUREMENT_INTERFACE), Some(&methods));
    let of = |members: &[&str]| {
        Some(
            members
                .iter()
                .map(|&m| m.to_owned())
                .collect::<BTreeSet<_>>(),
        )
    };
    let standard = "org.freedesktop.DBus";
    assert_eq!(
        allowed.get(&format!("{standard}.Properties")).cloned(),
        of(&["Get", "GetAll"])
    );
    assert_eq!(
        allowed.get(&format!("{standard}.Introspectable")).cloned(),
        of(&["Introspect"])
    );
    assert_eq!(
        allowed.get(&format!("{standard}.Peer")).cloned(),
        of(&["Ping"])
    );
    assert_eq!(allowed.len(), 5, "{allowed:?}");
    // Calls only: denied whole, the helper would not hear logind's and NetworkManager's signals.
    let denied = format!("<deny send_destination=\"{BUS_NAME}\" send_type=\"method_call\"/>");
    assert!(policy.contains(&denied));
    Ok(())
}
