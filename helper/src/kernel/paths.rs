//! The kernel's own averages per nexthop, from `/proc/net/lowpower_paths`, which our patch has.
//!
//! It is not for judging them, nor for when to read: the actor reads while somebody listens. The
//! root is a parameter, so tests use a recorded tree. What the file says is not trusted: it is
//! bounded, and one wrong line makes all of it worthless.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Read},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use nix::libc::{O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK};
use nix::time::{ClockId, clock_getres};
use thiserror::Error;

use super::route::Family;

/// The file below `/proc/net`.
const FILE: &str = "lowpower_paths";
/// Its first line: its name and the version of its format.
const HEAD: &str = "lowpower_paths 1";
/// The most nexthops that the file lists.
pub const MAX_ROWS: usize = 256;
/// The longest file read: [`MAX_ROWS`] of the longest rows, with room.
const MAX_BYTES: usize = 64 * 1024;

/// What the kernel remembers of one nexthop, its processors folded into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathRow {
    /// The nexthop's.
    pub family: Family,
    /// The interface's index, from 1.
    pub ifindex: u32,
    /// The gateway, if there is one; an IPv4 nexthop's can be an IPv6 address (RFC 5549).
    pub gateway: Option<IpAddr>,
    /// Average of what is sent, bytes per jiffy.
    pub load: u64,
    /// Average distance from that average, bytes per jiffy.
    pub variability: u64,
    /// Packets since the entry was made.
    pub packets: u64,
    /// Milliseconds since the last packet.
    pub age_ms: u64,
}

/// Load and variability of one interface, in bytes a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PathFigures {
    /// Average of what is sent.
    pub load_bytes_s: u64,
    /// Average distance from that average.
    pub variability_bytes_s: u64,
}

/// Why there are no figures of the kernel's.
#[derive(Debug, Error)]
pub enum PathsError {
    /// The kernel has no such file: it isn't our patch.
    #[error("this kernel has no {FILE}")]
    Absent,
    /// The file can't be read.
    #[error("{FILE} can't be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The file is longer than any that the kernel writes, or says something else.
    #[error("{FILE} is not of the form that is known: {0}")]
    Malformed(&'static str),
}

/// Read the nexthops below `root` (`/proc/net`).
///
/// # Errors
///
/// Any [`PathsError`].
pub fn read(root: &Path) -> Result<Vec<PathRow>, PathsError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => PathsError::Absent,
        _ => PathsError::Unreadable(source),
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        .open(root.join(FILE))
        .map_err(failed)?;
    let mut text = Vec::new();
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut text)
        .map_err(failed)?;
    if text.len() > MAX_BYTES {
        return Err(PathsError::Malformed("it is too long"));
    }
    let text = std::str::from_utf8(&text).map_err(|_| PathsError::Malformed("it is no text"))?;
    parse(text)
}

/// What the file's text says.
///
/// # Errors
///
/// [`PathsError::Malformed`].
pub fn parse(text: &str) -> Result<Vec<PathRow>, PathsError> {
    let whole = text
        .strip_suffix('\n')
        .ok_or(PathsError::Malformed("its end is missing"))?;
    let mut lines = whole.split('\n');
    if lines.next() != Some(HEAD) {
        return Err(PathsError::Malformed("its first line is another"));
    }
    let mut rows = Vec::new();
    for line in lines {
        if rows.len() == MAX_ROWS {
            return Err(PathsError::Malformed("it has too many lines"));
        }
        rows.push(row(line).ok_or(PathsError::Malformed("a line has another form"))?);
    }
    Ok(rows)
}

fn row(line: &str) -> Option<PathRow> {
    let mut words = line.split(' ');
    let family = match words.next()? {
        "4" => Family::V4,
        "6" => Family::V6,
        _ => return None,
    };
    let ifindex = u32::try_from(number(words.next()?)?)
        .ok()
        .filter(|index| *index > 0)?;
    let gateway = match words.next()? {
        "-" => None,
        text => Some(text.parse::<IpAddr>().ok()?),
    };
    if family == Family::V6 && gateway.is_some_and(|gateway| gateway.is_ipv4()) {
        return None;
    }
    let row = PathRow {
        family,
        ifindex,
        gateway,
        load: number(words.next()?)?,
        variability: number(words.next()?)?,
        packets: number(words.next()?)?,
        age_ms: number(words.next()?)?,
    };
    words.next().is_none().then_some(row)
}

/// A plain decimal: no sign, no leading zero.
fn number(word: &str) -> Option<u64> {
    let value: u64 = word.parse().ok()?;
    (value.to_string() == word).then_some(value)
}

/// Each interface's figures: its nexthops' loads add up, the largest variability stands for all.
/// `ticks` is how many jiffies a second has.
pub fn by_interface(rows: &[PathRow], ticks: u64) -> BTreeMap<u32, PathFigures> {
    let mut figures: BTreeMap<u32, PathFigures> = BTreeMap::new();
    for row in rows {
        let of = figures.entry(row.ifindex).or_default();
        let load = row.load.saturating_mul(ticks);
        of.load_bytes_s = of.load_bytes_s.saturating_add(load);
        let variability = row.variability.saturating_mul(ticks);
        of.variability_bytes_s = of.variability_bytes_s.max(variability);
    }
    figures
}

/// How many jiffies this kernel's second has: the coarse clock goes on by one jiffy at a time.
/// 250, the most common, where it does not say.
pub fn ticks_a_second() -> u64 {
    let jiffy = clock_getres(ClockId::CLOCK_MONOTONIC_COARSE).ok();
    let jiffy_ns = jiffy.map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec());
    match u64::try_from(jiffy_ns) {
        Ok(jiffy_ns @ 1..) => (1_000_000_000 + jiffy_ns / 2) / jiffy_ns,
        _ => 250,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn write(row: &PathRow) -> String {
        let family = match row.family {
            Family::V4 => "4",
            Family::V6 => "6",
        };
        let gateway = row
            .gateway
            .map_or_else(|| "-".to_owned(), |gateway| gateway.to_string());
        let PathRow {
            ifindex,
            load,
            variability,
            packets,
            age_ms,
            ..
        } = row;
        format!("{family} {ifindex} {gateway} {load} {variability} {packets} {age_ms}\n")
    }

    fn some_row() -> impl Strategy<Value = PathRow> {
        let nexthop = prop_oneof![
            any::<Option<Ipv4Addr>>().prop_map(|v4| (Family::V4, v4.map(IpAddr::from))),
            any::<Option<Ipv6Addr>>().prop_map(|v6| (Family::V6, v6.map(IpAddr::from))),
            any::<Ipv6Addr>().prop_map(|v6| (Family::V4, Some(v6.into()))),
        ];
        let averages = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
        (1..=u32::MAX, nexthop, averages).prop_map(|(ifindex, (family, gateway), averages)| {
            let (load, variability, packets, age_ms) = averages;
            PathRow {
                family,
                ifindex,
                gateway,
                load,
                variability,
                packets,
                age_ms,
            }
        })
    }

    proptest! {
        #[test]
        fn what_the_kernel_writes_is_read_back_whole(
            rows in prop::collection::vec(some_row(), 0..=MAX_ROWS),
        ) {
            let text: String = rows.iter().map(write).collect();
            prop_assert!(HEAD.len() + 1 + text.len() <= MAX_BYTES);
            prop_assert_eq!(parse(&format!("{HEAD}\n{text}")).unwrap(), rows);
        }

        #[test]
        fn no_text_makes_it_panic_or_grow(text in "(lowpower_paths 1\n)?([0-9a-f:. \n-]{0,200})") {
            if let Ok(rows) = parse(&text) {
                let again: String = rows.iter().map(write).collect();
                prop_assert_eq!(rows.len(), again.lines().count());
            }
        }

        #[test]
        fn a_row_with_one_byte_changed_is_another_row_or_none(
            row in some_row(), at in 0_usize..200, byte in 0_u8..128,
        ) {
            let mut text = write(&row).into_bytes();
            let at = at % text.len();
            prop_assume!(!text[at].eq_ignore_ascii_case(&byte));
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();
            if let Ok(rows) = parse(&format!("{HEAD}\n{text}")) {
                prop_assert_ne!(rows, vec![row]);
            }
        }

        #[test]
        fn adding_up_never_overflows(
            rows in prop::collection::vec(some_row(), 0..9), ticks in 1..=1_000_000_u64,
        ) {
            prop_assert!(by_interface(&rows, ticks).len() <= rows.len());
        }
    }

    #[test]
    fn a_row_too_many_another_version_and_half_a_line_are_refused() {
        let row = "4 2 10.0.0.1 1 2 3 4\n";
        let refused = |text: String| matches!(parse(&text), Err(PathsError::Malformed(_)));
        assert_eq!(
            parse(&format!("{HEAD}\n{}", row.repeat(MAX_ROWS)))
                .unwrap()
                .len(),
            MAX_ROWS
        );
        assert!(refused(format!("{HEAD}\n{}", row.repeat(MAX_ROWS + 1))));
        assert!(refused(format!("lowpower_paths 2\n{row}")));
        assert!(refused(format!("{HEAD}\n4 2 10.0.0.1 1 2 3 4")));
        for wrong in [
            "4 2 10.0.0.1 1 2 3\n",
            "4 2 10.0.0.1 1 2 3 4 5\n",
            "4 2 10.0.0.1 1 2 3 +4\n",
            "4 2 10.0.0.1 1 2 3 -4\n",
            "4 2 10.0.0.1  1 2 3 4\n",
            "4 0 10.0.0.1 1 2 3 4\n",
            "4 2 fe80: 1 2 3 4\n",
            "6 2 10.0.0.1 1 2 3 4\n",
            "5 2 - 1 2 3 4\n",
            "4 2 - 1 2 3 18446744073709551616\n",
            "\n",
        ] {
            assert!(refused(format!("{HEAD}\n{wrong}")), "{wrong:?}");
        }
        assert!(parse(&format!("{HEAD}\n")).unwrap().is_empty());
        assert!(refused(String::new()));
    }

    #[test]
    fn loads_add_up_and_the_largest_variability_counts() {
        let text = format!("{HEAD}\n4 2 10.0.0.1 10 3 1 0\n6 2 fe80::1 5 4 1 0\n4 3 - 7 0 1 0\n");
        let figures = by_interface(&parse(&text).unwrap(), 250);
        let of = |load_bytes_s, variability_bytes_s| PathFigures {
            load_bytes_s,
            variability_bytes_s,
        };
        assert_eq!(
            figures,
            BTreeMap::from([(2, of(3750, 1000)), (3, of(1750, 0))])
        );
    }

    #[test]
    fn a_second_has_as_many_jiffies_as_kernels_are_built_with() {
        assert!(
            [100, 250, 300, 1000].contains(&ticks_a_second()),
            "{}",
            ticks_a_second()
        );
    }
}
