//! The programs that run, and which of them holds which socket, from `/proc`. What a program is to a
//! player is not asked here, but for one thing: whether it is there to start games.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use evenkeel_core::flows::Program;

/// Programs that are looked at; the kernel's default is to allow no more.
const MAX_PROGRAMS: usize = 32_768;
/// Files of one program that are looked at.
const MAX_FILES: usize = 4096;
/// What is read of a file of `/proc`.
const MAX_BYTES: u64 = 4096;

/// Socket inodes with the programs that hold them.
type Owners = BTreeMap<u64, u32>;

/// Every program, and the sockets of those that may be looked into.
pub(super) fn look(proc: &Path) -> io::Result<(Vec<Program>, Owners)> {
    let (mut programs, mut owners) = (Vec::new(), Owners::new());
    for entry in fs::read_dir(proc)?.flatten().take(MAX_PROGRAMS) {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have ended meanwhile.
        let Some(program) = program(&entry.path(), pid) else {
            continue;
        };
        programs.push(program);
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        for file in files.flatten().take(MAX_FILES) {
            if let Some(inode) = fs::read_link(file.path())
                .ok()
                .and_then(|to| socket(to.as_os_str()))
            {
                // A launcher may have left it open to its child; the child uses it.
                let owner = owners.entry(inode).or_insert(pid);
                *owner = pid.max(*owner);
            }
        }
    }
    Ok((programs, owners))
}

/// Whether any program is there to start games.
pub(super) fn launcher_runs(proc: &Path) -> bool {
    let Ok(entries) = fs::read_dir(proc) else {
        return false;
    };
    entries.flatten().take(MAX_PROGRAMS).any(|entry| {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        let program = pid.and_then(|pid| program(&entry.path(), pid));
        program.is_some_and(|program| program.launches_games)
    })
}

/// `socket:[123]`
fn socket(target: &OsStr) -> Option<u64> {
    let number = target.to_str()?.strip_prefix("socket:[")?;
    number.strip_suffix(']')?.parse().ok()
}

fn program(directory: &Path, pid: u32) -> Option<Program> {
    let stat = read(&directory.join("stat"))?;
    // The name stands in parentheses and may hold any character, parentheses too.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let parent = after.split_whitespace().nth(1)?.parse().ok()?;
    let launches_games = match name {
        "reaper" => arguments(directory)
            .iter()
            .any(|word| word == "SteamLaunch"),
        "evenkeel" => arguments(directory)
            .get(1)
            .is_some_and(|word| word == "run"),
        _ => false,
    };
    Some(Program {
        pid,
        parent,
        name: name.to_owned(),
        launches_games,
    })
}

fn arguments(directory: &Path) -> Vec<String> {
    let line = read(&directory.join("cmdline")).unwrap_or_default();
    line.split('\0').map(str::to_owned).collect()
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    let _ = file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    /// A `/proc` of our own, removed when dropped.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("evenkeel-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn add(&self, pid: u32, stat: &str, arguments: &[&str], links: &[&str]) {
            let directory = self.0.join(pid.to_string());
            fs::create_dir_all(directory.join("fd")).unwrap();
            fs::write(directory.join("stat"), stat).unwrap();
            fs::write(directory.join("cmdline"), arguments.join("\0")).unwrap();
            for (at, link) in links.iter().enumerate() {
                symlink(link, directory.join(format!("fd/{at}"))).unwrap();
            }
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn launchers_are_told_by_what_they_were_called_with() {
        let tree = Tree::new("launchers");
        let steam = ["reaper", "SteamLaunch", "AppId=730", "--", "game"];
        tree.add(10, "10 (reaper) S 1 10 10", &steam, &[]);
        tree.add(
            11,
            "11 (evenkeel) S 1 11 11",
            &["evenkeel", "run", "--", "game"],
            &[],
        );
        tree.add(12, "12 (evenkeel) S 1 12 12", &["evenkeel"], &[]);
        tree.add(13, "13 (reaper) S 1 13 13", &["reaper", "of", "souls"], &[]);
        let (mut programs, _) = look(&tree.0).unwrap();
        programs.sort_by_key(|program| program.pid);
        let launchers: Vec<u32> = programs
            .iter()
            .filter(|program| program.launches_games)
            .map(|program| program.pid)
            .collect();
        assert_eq!(launchers, [10, 11]);
        assert!(launcher_runs(&tree.0));
    }

    #[test]
    fn without_a_launcher_none_runs() {
        let tree = Tree::new("no-launchers");
        tree.add(12, "12 (evenkeel) S 1 12 12", &["evenkeel"], &[]);
        tree.add(13, "nonsense", &[], &[]);
        assert!(!launcher_runs(&tree.0));
        assert!(!launcher_runs(Path::new("/nowhere")));
    }

    #[test]
    fn a_name_may_look_like_anything_and_damage_is_passed_over() {
        let tree = Tree::new("names");
        tree.add(
            10,
            "10 (a) b (c)) R 7 10 10",
            &[],
            &["socket:[55]", "/dev/null", "socket:[x]"],
        );
        tree.add(11, "nonsense", &[], &["socket:[56]"]);
        tree.add(12, "12 (child) R 10 12 12", &[], &["socket:[55]"]);
        let (mut programs, owners) = look(&tree.0).unwrap();
        programs.sort_by_key(|program| program.pid);
        assert_eq!(programs.len(), 2);
        assert_eq!(
            (programs[0].name.as_str(), programs[0].parent),
            ("a) b (c)", 7)
        );
        assert_eq!(owners, Owners::from([(55, 12)]));
    }

    #[test]
    fn a_socket_of_our_own_is_found() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        let inode = super::socket(link.as_os_str()).unwrap();
        let (_, owners) = look(Path::new("/proc")).unwrap();
        assert_eq!(owners.get(&inode), Some(&std::process::id()));
    }
}
