//! What is Evenkeel's own in the kernel of a lab's `pc`, told by its protocol number and read with
//! `ip`: rules, routes and nexthops, and where they lead new flows. Nothing here changes anything.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::error::LabError;
use crate::flows::Family;
use crate::lab::Lab;
use crate::managers::defaults::OURS;

/// The nexthop group that leads new flows, where there is one.
const GROUP: &str = "77010";

/// What is listed, and what a line of it is called.
const VIEWS: [(&str, &str); 5] = [
    ("ip -o -4 rule", "v4 rule"),
    ("ip -o -6 rule", "v6 rule"),
    ("ip -o -4 -N route show table all proto 77", "v4 route"),
    ("ip -o -6 -N route show table all proto 77", "v6 route"),
    ("ip -o nexthop show proto 77", "nexthop"),
];

impl Lab {
    /// A line for each object of ours in `pc`, `v4 rule ...`; flags that the kernel sets by itself left
    /// out.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn ours(&self) -> Result<BTreeSet<String>, LabError> {
        let parts = VIEWS.map(|(line, name)| format!("{line} | sed 's/^/{name} /'"));
        let script = parts.join("; ");
        let text = self.command("pc", ["sh", "-c", &script]).text()?;
        Ok(text.lines().filter_map(object).collect())
    }

    /// The uplink that our default of this family leads new flows to. `None` without such a default.
    ///
    /// # Errors
    /// When `ip` fails or prints what can't be read.
    pub fn led_to(&self, family: Family) -> Result<Option<String>, LabError> {
        let all = self.default_routes()?;
        let mut ours = all
            .iter()
            .filter(|route| u32::from(route.family) == family.number() && route.protocol == OURS);
        match (ours.next(), ours.next()) {
            (Some(one), None) if !one.multipath => Ok(Some(one.device.clone())),
            (Some(_), _) => self.heaviest(),
            (None, _) => Ok(None),
        }
    }

    /// The member of the group that outweighs the others.
    fn heaviest(&self) -> Result<Option<String>, LabError> {
        let text = self.command("pc", ["ip", "-j", "nexthop"]).text()?;
        let hops: Vec<Nexthop> = serde_json::from_str(&text)
            .map_err(|e| LabError::Invalid(format!("`ip` printed {text:?}: {e}")))?;
        let group = hops.iter().find(|hop| hop.id.to_string() == GROUP);
        let members = group
            .map(|group| group.group.as_slice())
            .unwrap_or_default();
        let heaviest = members.iter().max_by_key(|member| member.weight);
        let device = heaviest.and_then(|member| {
            let mut all = hops.iter();
            all.find(|hop| hop.id == member.id)?.dev.clone()
        });
        Ok(device)
    }
}

#[derive(Deserialize)]
struct Nexthop {
    id: u32,
    #[serde(default)]
    dev: Option<String>,
    #[serde(default)]
    group: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    id: u32,
    #[serde(default = "one")]
    weight: u32,
}

fn one() -> u32 {
    1
}

/// A printed line, if it is about something of ours.
fn object(line: &str) -> Option<String> {
    let ours = !line.contains(" rule ") || line.contains("proto 77");
    let words: Vec<&str> = line
        .split_whitespace()
        // What stands for the end of a line may be stuck to a word.
        .map(|word| word.trim_end_matches('\\'))
        .filter(|word| !matches!(*word, "linkdown" | "dead" | ""))
        .collect();
    ours.then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_ours_by_its_number_and_what_the_kernel_adds_is_left_out() {
        assert_eq!(object("v4 rule 32766:\tfrom all lookup main "), None);
        assert_eq!(
            object("v4 rule 32761:\tfrom all lookup main suppress_prefixlength 0 proto 77"),
            Some("v4 rule 32761: from all lookup main suppress_prefixlength 0 proto 77".into())
        );
        assert_eq!(
            object("v4 route default via 10.1.0.1 dev wifi0 metric 99 linkdown "),
            Some("v4 route default via 10.1.0.1 dev wifi0 metric 99".into())
        );
        assert_eq!(
            object("v6 route default pref medium\\\tnexthop dev a \\\tnexthop dev b linkdown"),
            Some("v6 route default pref medium nexthop dev a nexthop dev b".into())
        );
    }
}
