//! The lab's user database: a copy of the host's `passwd`, `group` and `shadow` with the lab's users
//! added, bind-mounted over `/etc` inside the lab only. Text in, text out; the holder does the rest.

use std::fmt::Write as _;

/// The user the helper runs as.
pub const HELPER_USER: &str = "evenkeel";
/// The person in front of the screen.
pub const PLAYER_USER: &str = "player";
/// Another person, for tests with two users.
pub const GUEST_USER: &str = "guest";
/// The password of [`PLAYER_USER`] and [`GUEST_USER`].
pub const PASSWORD: &str = "steady";
/// [`PASSWORD`] by SHA-512 crypt, as `openssl passwd -6` prints it.
const PASSWORD_HASH: &str = "$6$evenkeellab$f4bbmnDY.kQ5giyzIfHcOkS8Escc6aR20.C8oTY7QnoyQCs7MBhkiKqWmd7E/HGlW8Z21uzKvhXELpC6m.J1j0";

/// One line of `passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Numeric user id.
    pub uid: u32,
    /// Numeric id of the main group.
    pub gid: u32,
    /// Home directory.
    pub home: String,
}

/// The contents of the three files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `/etc/passwd`
    pub passwd: String,
    /// `/etc/group`
    pub group: String,
    /// `/etc/shadow`
    pub shadow: String,
}

/// Looks a user up by name.
pub fn lookup(passwd: &str, name: &str) -> Option<User> {
    users(passwd).find(|user| user.name == name)
}

/// Looks a user up by number.
pub fn lookup_uid(passwd: &str, uid: u32) -> Option<User> {
    users(passwd).find(|user| user.uid == uid)
}

fn users(passwd: &str) -> impl Iterator<Item = User> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1)?.to_owned();
        Some(User {
            name,
            uid,
            gid,
            home,
        })
    })
}

impl Database {
    /// Adds the lab's users with ids that nobody on the host has. A user of that name which exists
    /// already (an installed Evenkeel has `evenkeel`) is kept as it is.
    #[must_use]
    pub fn with_lab_users(mut self) -> Self {
        let helper = self.free_id((900..1000).rev());
        self.add(
            HELPER_USER,
            helper,
            "/nonexistent",
            "/usr/sbin/nologin",
            "!",
        );
        self.with_people()
    }

    /// Adds the player and the guest alone: a machine's helper user comes with its package. Somebody of
    /// the host who is called so has another name in the lab: nothing of the lab is theirs, least of all
    /// what is written to its player's home.
    #[must_use]
    pub fn with_people(mut self) -> Self {
        for name in [PLAYER_USER, GUEST_USER] {
            self.rename(name, &format!("host-{name}"));
            let id = self.free_id(1000..60000);
            let home = format!("/run/evenkeel-lab/home/{name}");
            self.add(name, id, &home, "/bin/bash", PASSWORD_HASH);
        }
        self
    }

    fn free_id(&self, mut candidates: impl Iterator<Item = u32>) -> u32 {
        let groups: Vec<u32> = self
            .group
            .lines()
            .filter_map(|line| line.split(':').nth(2).and_then(|id| id.parse().ok()))
            .collect();
        candidates
            .find(|id| lookup_uid(&self.passwd, *id).is_none() && !groups.contains(id))
            .unwrap_or(65000)
    }

    fn rename(&mut self, old: &str, new: &str) {
        for text in [&mut self.passwd, &mut self.group, &mut self.shadow] {
            let lines: Vec<String> = text.lines().map(|line| renamed(line, old, new)).collect();
            *text = lines.join("\n");
        }
    }

    fn add(&mut self, name: &str, id: u32, home: &str, shell: &str, hash: &str) {
        if lookup(&self.passwd, name).is_some() {
            return;
        }
        for text in [&mut self.passwd, &mut self.group, &mut self.shadow] {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        }
        let _ = writeln!(
            self.passwd,
            "{name}:x:{id}:{id}:Evenkeel lab:{home}:{shell}"
        );
        let _ = writeln!(self.group, "{name}:x:{id}:");
        let _ = writeln!(self.shadow, "{name}:{hash}:19000:0:99999:7:::");
    }
}

/// The line with another name, also where it is the last field's: a group's list of members.
fn renamed(line: &str, old: &str, new: &str) -> String {
    let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
    let last = fields.len() - 1;
    if fields[0] == old {
        new.clone_into(&mut fields[0]);
    }
    let members = fields[last].split(',');
    let members = members.map(|name| if name == old { new } else { name });
    fields[last] = members.collect::<Vec<_>>().join(",");
    fields.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Database {
        Database {
            passwd: "root:x:0:0:root:/root:/bin/bash\nme:x:1000:1000::/home/me:/bin/sh".into(),
            group: "root:x:0:\nme:x:1000:\nwifi:x:1001:\n".into(),
            shadow: "root:*:1:0:99999:7:::\n".into(),
        }
    }

    #[test]
    fn lab_users_get_ids_that_no_user_or_group_of_the_host_has() {
        let lab = host().with_lab_users();
        assert_eq!(lookup(&lab.passwd, PLAYER_USER).unwrap().uid, 1002);
        assert_eq!(lookup(&lab.passwd, GUEST_USER).unwrap().uid, 1003);
        assert_eq!(lookup(&lab.passwd, HELPER_USER).unwrap().uid, 999);
        assert_eq!(lookup_uid(&lab.passwd, 1000).unwrap().home, "/home/me");
    }

    #[test]
    fn an_installed_helper_user_is_kept() {
        let mut with = host();
        with.passwd += "\nevenkeel:x:950:950::/:/bin/false\n";
        assert_eq!(
            lookup(&with.with_lab_users().passwd, HELPER_USER)
                .unwrap()
                .uid,
            950
        );
    }

    #[test]
    fn a_person_of_the_host_with_the_players_name_is_another_one_in_the_lab() {
        let mut host = host();
        host.passwd += "\nplayer:x:1001:1001::/home/player:/bin/sh";
        host.group += "player:x:1001:\nsudo:x:27:me,player\n";
        host.shadow += "player:secret:1:0:99999:7:::\n";
        let lab = host.with_people();
        let player = lookup(&lab.passwd, PLAYER_USER).unwrap();
        assert_eq!((player.uid, player.gid), (1002, 1002));
        assert_eq!(player.home, "/run/evenkeel-lab/home/player");
        assert!(lab.group.contains("\nsudo:x:27:me,host-player\n"));
        assert!(lab.shadow.contains("\nhost-player:secret:"));
        let theirs = lookup_uid(&lab.passwd, 1001).unwrap();
        assert_eq!(
            (&*theirs.name, &*theirs.home),
            ("host-player", "/home/player")
        );
    }

    #[test]
    fn lines_that_are_not_users_are_skipped() {
        assert_eq!(lookup("# x\nbad:x:y:z\n+::::::\n", "bad"), None);
    }
}
