//! What an introspection or a bus policy allows, as plain values to compare. Not for talking to the
//! bus.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_dbus::INTERFACE;
use roxmltree::{Document, Node, ParsingOptions};

use crate::error::LabError;

/// One method's arguments, by their D-Bus types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// Name and type of each argument that goes in.
    pub inputs: Vec<(String, String)>,
    /// Type of each that comes out.
    pub outputs: Vec<String>,
}

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its D-Bus type.
    pub kind: String,
    /// `read`, `write` or `readwrite`.
    pub access: String,
    /// `true`, `const`, `invalidates` or `false`.
    pub signals_changes: String,
}

/// Everything that one interface offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Methods by name.
    pub methods: BTreeMap<String, Signature>,
    /// Properties by name.
    pub properties: BTreeMap<String, Property>,
    /// Signals by name.
    pub signals: BTreeSet<String>,
}

impl Interface {
    /// Reads the helper's interface from introspection XML.
    ///
    /// # Errors
    /// When it is no XML, or the interface is not in it.
    pub fn parse(xml: &str) -> Result<Self, LabError> {
        Self::of(xml, INTERFACE)
    }

    /// Reads any interface.
    ///
    /// # Errors
    /// When it is no XML, or the interface is not in it.
    pub fn of(xml: &str, interface: &str) -> Result<Self, LabError> {
        let document = document(xml)?;
        let node = document
            .descendants()
            .find(|node| node.has_tag_name("interface") && name(node) == interface)
            .ok_or_else(|| LabError::Invalid(format!("there is no {interface} in the XML")))?;
        let mut interface = Self::default();
        for member in node.children().filter(Node::is_element) {
            let known = name(&member).to_owned();
            match member.tag_name().name() {
                "method" => drop(interface.methods.insert(known, signature(member))),
                "property" => drop(interface.properties.insert(known, property(member))),
                "signal" => drop(interface.signals.insert(known)),
                _ => {}
            }
        }
        Ok(interface)
    }
}

/// The members that a bus policy allows everybody to call, by interface.
///
/// # Errors
/// When it is no XML.
pub fn policy_members(xml: &str) -> Result<BTreeMap<String, BTreeSet<String>>, LabError> {
    let document = document(xml)?;
    let everybody = document
        .descendants()
        .filter(|node| node.has_tag_name("policy") && node.attribute("context") == Some("default"));
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in everybody.flat_map(|policy| policy.children()) {
        if rule.has_tag_name("allow") {
            let interface = rule.attribute("send_interface").unwrap_or("*").to_owned();
            let member = rule.attribute("send_member").unwrap_or("*").to_owned();
            let _ = allowed.entry(interface).or_default().insert(member);
        }
    }
    Ok(allowed)
}

fn document(xml: &str) -> Result<Document<'_>, LabError> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(xml, options)
        .map_err(|error| LabError::Invalid(format!("no XML: {error}")))
}

fn signature(method: Node) -> Signature {
    let mut signature = Signature::default();
    for argument in method.children().filter(|node| node.has_tag_name("arg")) {
        let kind = argument.attribute("type").unwrap_or_default().to_owned();
        if argument.attribute("direction") == Some("out") {
            signature.outputs.push(kind);
        } else {
            signature.inputs.push((name(&argument).to_owned(), kind));
        }
    }
    signature
}

fn property(node: Node) -> Property {
    let annotation = "org.freedesktop.DBus.Property.EmitsChangedSignal";
    let signals_changes = node
        .children()
        .find(|child| child.has_tag_name("annotation") && name(child) == annotation)
        .and_then(|child| child.attribute("value"))
        .unwrap_or("true");
    Property {
        kind: node.attribute("type").unwrap_or_default().to_owned(),
        access: node.attribute("access").unwrap_or_default().to_owned(),
        signals_changes: signals_changes.to_owned(),
    }
}

fn name<'a>(node: &Node<'a, '_>) -> &'a str {
    node.attribute("name").unwrap_or_default()
}
