//! Why a system does not let its users make namespaces, from what can be seen of it. Pure but for
//! [`Seen::look`], which reads four files.

use std::fs;

use serde::{Deserialize, Serialize};

/// What forbids it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A Flatpak's sandbox.
    Flatpak,
    /// `kernel.unprivileged_userns_clone = 0`, as Debian and hardened kernels have it.
    CloneSysctl,
    /// `user.max_user_namespaces` or `user.max_net_namespaces` is 0.
    NoNamespaces,
    /// `kernel.apparmor_restrict_unprivileged_userns = 1`, as Ubuntu has it.
    AppArmor,
    /// The kernel was built without them.
    NotBuilt,
    /// Something else: a container, another sandbox. In the system's words.
    Other(String),
}

impl Why {
    /// One sentence for the command line, and what can be done.
    pub fn words(&self) -> (String, &'static str) {
        let said = match self {
            Self::Flatpak => "a Flatpak may not make user namespaces".to_owned(),
            Self::CloneSysctl => {
                "this system forbids its users user namespaces (kernel.unprivileged_userns_clone is 0)"
                    .to_owned()
            }
            Self::NoNamespaces => {
                "this system allows no user or network namespaces (user.max_user_namespaces or \
                 user.max_net_namespaces is 0)"
                    .to_owned()
            }
            Self::AppArmor => {
                "AppArmor keeps user namespaces from programs it has no profile for \
                 (kernel.apparmor_restrict_unprivileged_userns is 1)"
                    .to_owned()
            }
            Self::NotBuilt => "this kernel was built without user namespaces".to_owned(),
            Self::Other(said) => format!("this system does not allow namespaces here: {said}"),
        };
        let todo = match self {
            Self::Flatpak => {
                "run an evenkeel that was installed otherwise: evenkeel doctor --kernel"
            }
            _ => "root may: sudo evenkeel doctor --kernel",
        };
        (said, todo)
    }
}

/// What can be seen. `None` is a file that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Inside a Flatpak.
    pub flatpak: bool,
    /// `kernel.unprivileged_userns_clone`.
    pub clone: Option<u64>,
    /// `user.max_user_namespaces`.
    pub max_user: Option<u64>,
    /// `user.max_net_namespaces`.
    pub max_net: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`.
    pub apparmor: Option<u64>,
}

impl Seen {
    /// Looks.
    pub fn look() -> Self {
        let number = |name: &str| {
            let text = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
            text.trim().parse().ok()
        };
        Self {
            flatpak: crate::system_bus::in_sandbox(),
            clone: number("kernel/unprivileged_userns_clone"),
            max_user: number("user/max_user_namespaces"),
            max_net: number("user/max_net_namespaces"),
            apparmor: number("kernel/apparmor_restrict_unprivileged_userns"),
        }
    }

    /// What forbids namespaces, given that something does, and what the system said to it.
    pub fn why(&self, said: &str, unknown_to_kernel: bool) -> Why {
        if self.flatpak {
            Why::Flatpak
        } else if self.clone == Some(0) {
            Why::CloneSysctl
        } else if self.max_user == Some(0) || self.max_net == Some(0) {
            Why::NoNamespaces
        } else if self.apparmor.is_some_and(|value| value != 0) {
            Why::AppArmor
        } else if unknown_to_kernel {
            Why::NotBuilt
        } else {
            Why::Other(said.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forbids_it_is_told_from_what_only_could() {
        let none = Seen::default();
        let said = "Operation not permitted";
        for (seen, unknown, why) in [
            (
                Seen {
                    flatpak: true,
                    clone: Some(0),
                    ..none
                },
                false,
                Why::Flatpak,
            ),
            (
                Seen {
                    clone: Some(0),
                    apparmor: Some(1),
                    ..none
                },
                false,
                Why::CloneSysctl,
            ),
            (
                Seen {
                    clone: Some(1),
                    max_user: Some(0),
                    ..none
                },
                false,
                Why::NoNamespaces,
            ),
            (
                Seen {
                    max_user: Some(9),
                    max_net: Some(0),
                    ..none
                },
                false,
                Why::NoNamespaces,
            ),
            (
                Seen {
                    clone: Some(1),
                    apparmor: Some(1),
                    ..none
                },
                false,
                Why::AppArmor,
            ),
            (
                Seen {
                    apparmor: Some(0),
                    ..none
                },
                true,
                Why::NotBuilt,
            ),
            (none, false, Why::Other(said.to_owned())),
        ] {
            assert_eq!(seen.why(said, unknown), why, "{seen:?}");
        }
    }

    #[test]
    fn each_reason_says_what_can_be_done() {
        let all = [
            Why::Flatpak,
            Why::CloneSysctl,
            Why::NoNamespaces,
            Why::AppArmor,
            Why::NotBuilt,
            Why::Other("no".to_owned()),
        ];
        for why in all {
            let (said, todo) = why.words();
            assert!(
                !said.is_empty() && todo.contains("evenkeel doctor --kernel"),
                "{why:?}"
            );
            assert_eq!(
                todo.contains("sudo"),
                why != Why::Flatpak,
                "root helps everywhere else"
            );
        }
    }
}
