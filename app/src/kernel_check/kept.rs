//! The last report, kept for as long as it holds: this boot, this kernel, and settings that could not
//! have changed the outcome. In the user's cache directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Report, SCHEMA, Sysctls};

const FILE: &str = "kernel-check.json";
const MAX_BYTES: u64 = 64 * 1024;

/// What a report holds for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    boot: String,
    release: String,
    /// What can turn the outcome around: whether factor and cost are 0, and which way is preferred.
    turns: Option<(bool, bool, Option<i64>)>,
}

impl Validity {
    /// Of now, for the kernel and the settings in force.
    pub fn new(boot: &str, release: &str, sysctls: Option<Sysctls>) -> Self {
        Self {
            boot: boot.to_owned(),
            release: release.to_owned(),
            turns: sysctls.map(|sysctls| {
                let (factor, cost) = (sysctls.ema_k_factor, sysctls.power_cost_weight);
                (factor == 0, cost == 0, sysctls.prefer_busy)
            }),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    validity: Validity,
    report: Report,
}

/// This boot's own name.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Where it is kept: below `$XDG_CACHE_HOME`, else `$HOME/.cache`.
pub fn directory() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("evenkeel"))
}

/// The report that is kept in `directory`, if it still holds.
pub fn read(directory: &Path, now: &Validity) -> Option<Report> {
    let file = directory.join(FILE);
    if now.boot.is_empty() || fs::metadata(&file).ok()?.len() > MAX_BYTES {
        return None;
    }
    let kept: Kept = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (kept.validity == *now && kept.report.schema == SCHEMA).then_some(kept.report)
}

/// Keeps a report there.
///
/// # Errors
/// When the file cannot be written; it is whole or as it was.
pub fn write(directory: &Path, validity: Validity, report: Report) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let text = serde_json::to_vec(&Kept { validity, report })?;
    let new = directory.join(format!("{FILE}.{}", std::process::id()));
    fs::write(&new, text)?;
    fs::rename(&new, directory.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::super::{Counts, Device, Verdict};
    use super::*;

    fn report() -> Report {
        let device = Device {
            verdict: Verdict::StockHashing,
            unbound: Counts::default(),
            foreign: Counts::default(),
        };
        Report {
            schema: SCHEMA,
            kernel_release: "6.12".into(),
            sysctls: None,
            ordinary: device.clone(),
            keeping: device,
        }
    }

    #[test]
    fn a_report_holds_for_its_boot_its_kernel_and_its_settings_only() {
        let directory = std::env::temp_dir().join(format!("evk-kept-{}", std::process::id()));
        let sysctls = |k, cost, busy| {
            Some(Sysctls {
                ema_k_factor: k,
                power_cost_weight: cost,
                prefer_busy: busy,
            })
        };
        let valid = Validity::new("one", "6.12", sysctls(512, 100, Some(0)));
        assert_eq!(read(&directory, &valid), None);
        write(&directory, valid.clone(), report()).unwrap();
        assert_eq!(read(&directory, &valid), Some(report()));
        let same = Validity::new("one", "6.12", sysctls(700, 250, Some(0)));
        assert_eq!(
            read(&directory, &same),
            Some(report()),
            "no slider turns it around"
        );
        for other in [
            Validity::new("two", "6.12", sysctls(512, 100, Some(0))),
            Validity::new("one", "6.13", sysctls(512, 100, Some(0))),
            Validity::new("one", "6.12", sysctls(512, 100, Some(1))),
            Validity::new("one", "6.12", sysctls(512, 0, Some(0))),
            Validity::new("one", "6.12", sysctls(0, 100, Some(0))),
            Validity::new("one", "6.12", sysctls(512, 100, None)),
            Validity::new("one", "6.12", None),
            Validity::new("", "6.12", sysctls(512, 100, Some(0))),
        ] {
            assert_eq!(read(&directory, &other), None, "{other:?}");
        }
        fs::write(directory.join(FILE), "{").unwrap();
        assert_eq!(read(&directory, &valid), None);
        fs::remove_dir_all(directory).unwrap();
    }
}
