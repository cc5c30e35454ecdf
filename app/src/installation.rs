//! Which one command brings a helper that is not there: the one that installs it where it is not
//! installed, and the one that starts it where it is. Pure; [`look`] finds out what an unprivileged
//! program can know, and whoever shows the command has the words. Nothing is run.

mod look;

pub use look::{UNIT, UNITS, look};

/// How this system takes software in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum System {
    /// Debian and its relatives.
    Apt,
    /// Fedora and its relatives.
    Dnf,
    /// Arch and its relatives.
    Pacman,
    /// `/usr` cannot be written, as with an image of `SteamOS`.
    ReadOnly,
    /// Nothing that there is a package for.
    #[default]
    Other,
}

/// What there is of the helper's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Files {
    /// None is in sight; from inside a sandbox none ever is.
    #[default]
    None,
    /// The unit is there.
    Unit,
    /// The installer for read-only systems was here, and an update took some of them away.
    Torn,
}

/// What was found of the helper's installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// How software comes in.
    pub system: System,
    /// The bus starts the helper for a call.
    pub activatable: bool,
    /// What is there of its files.
    pub files: Files,
    /// This program runs out of the source tree that it was built in.
    pub source: bool,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Install the deb.
    Deb,
    /// Install the rpm.
    Rpm,
    /// Install the Arch package.
    Arch,
    /// Run the installer for read-only systems.
    Bundle,
    /// Build and install from the source.
    Source,
    /// Put back what a system update took away.
    Mend,
    /// Start it, and at every boot: the bus does not.
    Start,
    /// Start it anew: the bus tried, and it did not come up.
    Restart,
}

/// What a remedy is about, for whoever has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// There is no helper here; its package is to be installed.
    Package,
    /// The same, and the unpacked installer does it.
    Bundle,
    /// The same, and the source is all there is.
    Source,
    /// Parts of it are gone.
    Torn,
    /// It is installed and does not run.
    Stopped,
    /// It is installed, was called, and did not answer.
    Silent,
}

impl Remedy {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Deb,
        Self::Rpm,
        Self::Arch,
        Self::Bundle,
        Self::Source,
        Self::Mend,
        Self::Start,
        Self::Restart,
    ];

    /// The command, to be typed where [`Lack`] says.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Deb => "sudo apt install ./evenkeel_*.deb",
            Self::Rpm => "sudo dnf install ./evenkeel-*.rpm",
            Self::Arch => "sudo pacman -U ./evenkeel-*.pkg.tar.zst",
            Self::Bundle => "sudo ./install.sh",
            Self::Source => "make build && sudo make install",
            Self::Mend => "sudo /opt/evenkeel/libexec/install.sh --mend",
            Self::Start => "sudo systemctl enable --now evenkeeld",
            Self::Restart => "sudo systemctl restart evenkeeld",
        }
    }

    /// What it is about.
    pub const fn lack(self) -> Lack {
        match self {
            Self::Deb | Self::Rpm | Self::Arch => Lack::Package,
            Self::Bundle => Lack::Bundle,
            Self::Source => Lack::Source,
            Self::Mend => Lack::Torn,
            Self::Start => Lack::Stopped,
            Self::Restart => Lack::Silent,
        }
    }

    /// What the helper lacks and what to do, in English; no full stop, for a command may end it.
    pub fn advice(self) -> String {
        let (command, place) = (self.command(), self.place());
        match self.lack() {
            Lack::Package | Lack::Bundle | Lack::Source => {
                format!("it is not installed; install it {place}: {command}")
            }
            Lack::Torn => {
                format!("a system update took parts of it away; put them back: {command}")
            }
            Lack::Stopped => format!("it is installed but does not run; start it: {command}"),
            Lack::Silent => {
                format!("it is installed but does not answer; start it anew: {command}")
            }
        }
    }

    /// Where the command is to be typed, in English.
    pub const fn place(self) -> &'static str {
        match self.lack() {
            Lack::Package => "in the folder of Evenkeel's package",
            Lack::Bundle => "in the folder of Evenkeel's unpacked bundle",
            Lack::Source => "in the folder of Evenkeel's source",
            Lack::Torn | Lack::Stopped | Lack::Silent => "anywhere",
        }
    }
}

/// What helps here, while no helper answers.
pub fn remedy(found: &Found) -> Remedy {
    match (found.files, found.system) {
        (Files::Torn, _) => Remedy::Mend,
        _ if found.activatable => Remedy::Restart,
        (Files::Unit, _) => Remedy::Start,
        _ if found.source => Remedy::Source,
        (Files::None, System::Apt) => Remedy::Deb,
        (Files::None, System::Dnf) => Remedy::Rpm,
        (Files::None, System::Pacman) => Remedy::Arch,
        (Files::None, System::ReadOnly) => Remedy::Bundle,
        (Files::None, System::Other) => Remedy::Source,
    }
}

/// The system that an `os-release` file describes.
pub fn system(os_release: &str) -> System {
    let value = |wanted: &str| {
        let mut lines = os_release.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(name, _)| name.trim() == wanted);
        found.map_or("", |(_, value)| value.trim().trim_matches(['"', '\'']))
    };
    let id = value("ID");
    let names: Vec<&str> = [id]
        .into_iter()
        .chain(value("ID_LIKE").split_whitespace())
        .collect();
    let is = |known: &[&str]| names.iter().any(|name| known.contains(name));
    let image = ["steamos", "bazzite", "chimeraos", "endless"].contains(&id)
        || !value("OSTREE_VERSION").is_empty();
    if image {
        System::ReadOnly
    } else if is(&["debian", "ubuntu"]) {
        System::Apt
    } else if is(&["fedora", "rhel"]) {
        System::Dnf
    } else if is(&["arch"]) {
        System::Pacman
    } else {
        System::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEMS: [(System, Remedy); 5] = [
        (System::Apt, Remedy::Deb),
        (System::Dnf, Remedy::Rpm),
        (System::Pacman, Remedy::Arch),
        (System::ReadOnly, Remedy::Bundle),
        (System::Other, Remedy::Source),
    ];

    #[test]
    fn where_it_is_not_installed_the_command_installs_it_in_the_systems_way() {
        for (system, expected) in SYSTEMS {
            let found = Found {
                system,
                ..Found::default()
            };
            assert_eq!(remedy(&found), expected);
            assert!(!expected.command().contains("systemctl"), "{system:?}");
        }
    }

    #[test]
    fn where_it_is_installed_the_command_starts_it_whatever_the_system() {
        for (system, _) in SYSTEMS {
            for source in [false, true] {
                let base = Found {
                    system,
                    source,
                    ..Found::default()
                };
                let stopped = Found {
                    files: Files::Unit,
                    ..base
                };
                assert_eq!(remedy(&stopped), Remedy::Start);
                // In a sandbox the bus is the only witness.
                for files in [Files::None, Files::Unit] {
                    let silent = Found {
                        activatable: true,
                        files,
                        ..base
                    };
                    assert_eq!(remedy(&silent), Remedy::Restart);
                }
                let torn = Found {
                    files: Files::Torn,
                    activatable: true,
                    ..base
                };
                assert_eq!(remedy(&torn), Remedy::Mend);
            }
        }
    }

    #[test]
    fn a_program_in_its_source_tree_is_installed_from_there() {
        let found = Found {
            system: System::Apt,
            source: true,
            ..Found::default()
        };
        assert_eq!(remedy(&found), Remedy::Source);
    }

    #[test]
    fn systems_are_known_by_their_os_release() {
        for (text, expected) in [
            ("ID=debian\nVERSION_ID=\"12\"\n", System::Apt),
            (
                "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                System::Apt,
            ),
            ("ID=fedora\nVARIANT_ID=workstation\n", System::Dnf),
            ("ID='rocky'\nID_LIKE='rhel centos fedora'\n", System::Dnf),
            (
                "ID=fedora\nVARIANT_ID=silverblue\nOSTREE_VERSION='42.1'\n",
                System::ReadOnly,
            ),
            ("ID=bazzite\nID_LIKE=\"fedora\"\n", System::ReadOnly),
            (
                "ID=steamos\nID_LIKE=arch\nVARIANT_ID=steamdeck\n",
                System::ReadOnly,
            ),
            ("ID=arch\n", System::Pacman),
            ("ID=cachyos\nID_LIKE=arch\n", System::Pacman),
            ("ID=alpine\n", System::Other),
            ("", System::Other),
            ("ID\n=\n\u{0}=debian", System::Other),
        ] {
            assert_eq!(system(text), expected, "{text}");
        }
    }

    /// What the repository really has: nothing online is promised.
    #[test]
    fn every_command_names_something_that_exists() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
        let packages = read("scripts/package.sh");
        for remedy in [Remedy::Deb, Remedy::Rpm, Remedy::Arch] {
            let file = remedy.command().rsplit("./").next().unwrap();
            assert!(packages.contains(file), "{file}");
        }
        let makefile = read("Makefile");
        assert!(makefile.contains("\nbuild:") && makefile.contains("\ninstall:"));
        assert!(read("packaging/steamos/install.sh").contains("--mend) do_mend"));
        let table = read("packaging/install.table");
        assert!(
            table.contains("LIBEXECDIR/install.sh") && table.contains("UNITDIR/evenkeeld.service")
        );
        assert!(packages.contains("packaging/steamos/install.sh \"$work/$name/\""));
    }
}
