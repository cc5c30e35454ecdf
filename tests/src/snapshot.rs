//! The routing state of a namespace as text, to be compared byte by byte and shown as a difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::LabError;
use crate::lab::Lab;

/// The `ip` commands whose output is compared.
const VIEWS: [&[&str]; 5] = [
    &["-4", "rule"],
    &["-6", "rule"],
    &["-4", "route", "show", "table", "all"],
    &["-6", "route", "show", "table", "all"],
    &["nexthop"],
];

/// Sysctls under `net/` that change by themselves: counts and clocks of the kernel.
const RESTLESS: &[&str] = &["nf_conntrack_count"];

/// What a value that can't be read is recorded as (some sysctls are write-only).
const UNREADABLE: &str = "(unreadable)";

/// Rules, routes, nexthops (each view's full output) and every sysctl under `net/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Output per `ip` command line.
    pub views: BTreeMap<String, String>,
    /// Value per path below `/proc/sys/net`.
    pub sysctls: BTreeMap<String, String>,
}

impl Snapshot {
    /// Reads the state of a namespace of the lab.
    ///
    /// # Errors
    /// When `ip` fails or the lab has ended.
    pub fn take(lab: &Lab, namespace: &str) -> Result<Self, LabError> {
        let mut views = BTreeMap::new();
        for view in VIEWS {
            let argv: Vec<&str> = ["ip"].into_iter().chain(view.iter().copied()).collect();
            let name = argv.join(" ");
            let text = lab.command(namespace, argv).text()?;
            views.insert(name, without_countdowns(&text));
        }
        let sysctls = lab.inside(namespace, || {
            let mut values = BTreeMap::new();
            collect(Path::new("/proc/sys/net"), "", &mut values);
            Ok(values)
        })?;
        Ok(Self { views, sysctls })
    }

    /// The lines that differ, `-` for what only `self` has and `+` for what only `later` has; empty
    /// when both are equal.
    pub fn difference(&self, later: &Self) -> String {
        let mut text = String::new();
        for (name, before) in &self.views {
            let after = later.views.get(name).map_or("", String::as_str);
            if before != after {
                let _ = writeln!(text, "{name}:");
                lines(&mut text, '-', before, after);
                lines(&mut text, '+', after, before);
                if before.lines().eq(after.lines()) {
                    text.push_str("  (only the ends of lines differ)\n");
                }
            }
        }
        for (path, before) in &self.sysctls {
            if later.sysctls.get(path) != Some(before) {
                let _ = writeln!(text, "- net/{path} = {before}");
            }
        }
        for (path, after) in &later.sysctls {
            if self.sysctls.get(path) != Some(after) {
                let _ = writeln!(text, "+ net/{path} = {after}");
            }
        }
        text
    }

    /// Is `later` the same state?
    ///
    /// # Errors
    /// [`LabError::Invalid`] with the difference.
    pub fn must_equal(&self, later: &Self) -> Result<(), LabError> {
        if self == later {
            return Ok(());
        }
        let difference = self.difference(later);
        Err(LabError::Invalid(format!(
            "the kernel's state is not as it was:\n{difference}"
        )))
    }
}

/// Lines of `one` that `other` lacks, or the moved ones when only the order differs.
fn lines(text: &mut String, sign: char, one: &str, other: &str) {
    let other: Vec<&str> = other.lines().collect();
    let mut sorted = (one.lines().collect::<Vec<_>>(), other.clone());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    let only_order = sorted.0 == sorted.1;
    for (index, line) in one.lines().enumerate() {
        if if only_order {
            other.get(index) != Some(&line)
        } else {
            !other.contains(&line)
        } {
            let _ = writeln!(text, "{sign} {line}");
        }
    }
}

/// Routes learned from a router count their remaining seconds down.
fn without_countdowns(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if let Some((before, after)) = line.split_once(" expires ") {
            out.push_str(before);
            let rest = after.find([' ', '\n']).map_or("", |end| &after[end..]);
            out.push_str(rest);
        } else {
            out.push_str(line);
        }
    }
    out
}

fn collect(directory: &Path, prefix: &str, values: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}/{name}")
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), &path, values);
        } else if !RESTLESS.contains(&name.as_str()) {
            let value = fs::read_to_string(entry.path());
            values.insert(
                path,
                value
                    .unwrap_or_else(|_| UNREADABLE.into())
                    .trim_end()
                    .into(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(routes: &str, sysctl: &str) -> Snapshot {
        Snapshot {
            views: [("ip route".to_owned(), routes.to_owned())].into(),
            sysctls: [("ipv4/x".to_owned(), sysctl.to_owned())].into(),
        }
    }

    #[test]
    fn equal_states_have_no_difference() {
        let a = snapshot("default via 1\n", "1");
        assert_eq!(a.difference(&a.clone()), "");
        assert!(a.must_equal(&a.clone()).is_ok());
    }

    #[test]
    fn a_difference_shows_both_sides() {
        let before = snapshot("default weight 1\nlocal\n", "1");
        let after = snapshot("default weight 255\nlocal\n", "2");
        let text = before.difference(&after);
        assert!(
            text.contains("- default weight 1\n+ default weight 255\n"),
            "{text}"
        );
        assert!(
            text.contains("- net/ipv4/x = 1\n+ net/ipv4/x = 2\n"),
            "{text}"
        );
        assert!(!text.contains("local"));
    }

    #[test]
    fn a_change_of_order_is_a_difference() {
        let text = snapshot("a\nb\n", "").difference(&snapshot("b\na\n", ""));
        assert!(text.contains("- a") && text.contains("+ b"), "{text}");
    }

    #[test]
    fn the_lifetime_of_a_learned_route_is_left_out() {
        assert_eq!(
            without_countdowns("default via fe80::1 expires 1799sec pref medium\nx expires 5sec\n"),
            "default via fe80::1 pref medium\nx\n"
        );
    }
}
