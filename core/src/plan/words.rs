//! Objects and steps in the words of `ip`, to be read and, as root, to be typed.

use std::fmt::Write;

use super::decide::MAIN_TABLE;
use super::model::{Action, Family, Group, Hop, Object, Route, Rule, Selector, Via};
use super::numbers::PROTOCOL;
use super::steps::Step;

impl Step {
    /// The step as an `ip` command, with what `name` calls an interface.
    pub fn words(&self, name: &dyn Fn(u32) -> String) -> String {
        let (verb, object) = match self {
            Self::Add(object) => ("add", object),
            Self::Replace { to, .. } => ("replace", to),
            Self::Remove(object) => ("del", object),
        };
        let object_words = object.words(name);
        let (kind, rest) = object_words.split_once(' ').unwrap_or((&object_words, ""));
        let six = match object {
            Object::Route(Route { family, .. }) | Object::Rule(Rule { family, .. }) => {
                if *family == Family::V6 { "-6 " } else { "" }
            }
            Object::Nexthop(_) | Object::Group(_) => "",
        };
        format!("ip {six}{kind} {verb} {rest}")
    }
}

impl Object {
    /// The object as `ip` would be told it, its kind first, with what `name` calls an interface.
    pub fn words(&self, name: &dyn Fn(u32) -> String) -> String {
        match self {
            Self::Nexthop(nexthop) => {
                let hop = hop(&nexthop.hop, name);
                format!("nexthop id {} {hop} protocol {PROTOCOL}", nexthop.id)
            }
            Self::Group(found) => group(found),
            Self::Route(found) => route(found, name),
            Self::Rule(found) => rule(found),
        }
    }
}

fn hop(hop: &Hop, name: &dyn Fn(u32) -> String) -> String {
    format!("via {} dev {}", hop.gateway, name(hop.ifindex))
}

fn group(group: &Group) -> String {
    let members = group.members.iter();
    let members: Vec<String> = members
        .map(|(id, weight)| format!("{id},{weight}"))
        .collect();
    format!(
        "nexthop id {} group {} type resilient buckets {} idle_timer {} protocol {PROTOCOL}",
        group.id,
        members.join("/"),
        group.buckets,
        group.idle_timer_s
    )
}

fn route(route: &Route, name: &dyn Fn(u32) -> String) -> String {
    let mut words = String::from("route default ");
    // Writing to a string can't fail.
    if route.table != MAIN_TABLE {
        let _ = write!(words, "table {} ", route.table);
    }
    let _ = write!(words, "proto {PROTOCOL} metric {} ", route.metric);
    let _ = match &route.via {
        Via::Hop { hop: way, source } => {
            words.push_str(&hop(way, name));
            source.map_or(Ok(()), |source| write!(words, " src {source}"))
        }
        Via::Group(id) => write!(words, "nhid {id}"),
        Via::Spread(hops) => {
            let hops = hops.iter();
            let hops =
                hops.map(|(way, weight)| format!("nexthop {} weight {weight}", hop(way, name)));
            let hops: Vec<String> = hops.collect();
            write!(words, "{}", hops.join(" "))
        }
    };
    words
}

fn rule(rule: &Rule) -> String {
    let selector = match rule.selector {
        Selector::All => String::new(),
        Selector::From(prefix) => format!("iif lo from {prefix} "),
        Selector::UdpPort(port) => format!("iif lo ipproto udp sport {port} "),
        Selector::Forwarded => "not iif lo ".into(),
    };
    let action = match rule.action {
        Action::Table(table) => format!("lookup {table}"),
        Action::MainWithoutDefaults => "lookup main suppress_prefixlength 0".into(),
    };
    let preference = rule.preference;
    format!("rule pref {preference} protocol {PROTOCOL} {selector}{action}")
}
