//! What can be known about an installation, as plain values: `facts` finds it out, `judge` says what it
//! means.

use evenkeel_dbus::Lowpower;

use crate::installation::Found;

/// How the helper answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Helper {
    /// It does; what it says of itself.
    Answers(About),
    /// Nobody answered, in the bus's words.
    Silent(String),
    /// The bus or the helper said no.
    Refused(String),
}

/// What a helper that answers says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: String,
    /// What it found of the patched kernel.
    pub lowpower: Lowpower,
    /// The names of the uplinks.
    pub uplinks: Vec<String>,
    /// Why it steers or does not, in words.
    pub reason: String,
    /// The last thing that went wrong on its own.
    pub last_error: Option<String>,
}

/// A file of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// With this the bus starts the helper.
    Activation,
    /// With this the bus lets calls through.
    Policy,
    /// With this polkit knows the actions.
    Actions,
    /// The helper's unit.
    Unit,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Activation, Self::Policy, Self::Actions, Self::Unit];

    /// For a list of what is missing.
    pub fn words(self) -> &'static str {
        match self {
            Self::Activation => "what the bus starts the helper by",
            Self::Policy => "the bus policy",
            Self::Actions => "polkit's actions",
            Self::Unit => "the helper's unit",
        }
    }
}

/// The parts that are there; not to be seen from inside a Flatpak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(pub Vec<Part>);

impl Files {
    /// Whether this one is there.
    pub fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }

    /// Those that are not there.
    pub fn missing(&self) -> Vec<Part> {
        let all = Part::ALL.into_iter();
        all.filter(|part| !self.has(*part)).collect()
    }
}

/// Where Evenkeel was installed by the installer for read-only systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Immutable {
    /// The list of files that system updates keep is there.
    pub keeps: bool,
}

/// The Decky Loader is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decky {
    /// polkit's rule for the plugin is there; `None` when only root can see that.
    pub rule: Option<bool>,
    /// The rule that the installation brought, to be copied.
    pub source: Option<String>,
}

/// The unit, as far as systemd tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// `active`, `inactive`, `failed`, ...
    pub active: String,
    /// `enabled`, `disabled`, `masked`, ...
    pub file: String,
}

/// All that was found out. `None` is what could not be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// This program's version.
    pub version: String,
    /// True inside a Flatpak.
    pub flatpak: bool,
    /// The system bus, or why it cannot be reached.
    pub bus: Result<(), String>,
    /// The helper.
    pub helper: Helper,
    /// The bus can start the helper.
    pub activatable: Option<bool>,
    /// Files of the installation.
    pub files: Option<Files>,
    /// Set where the installer for read-only systems was used.
    pub immutable: Option<Immutable>,
    /// Set where the Decky Loader is.
    pub decky: Option<Decky>,
    /// polkit's actions that are ours, or why it did not say.
    pub actions: Result<Vec<String>, String>,
    /// The unit.
    pub unit: Option<Unit>,
    /// How software comes into this system.
    pub found: Found,
    /// The group ids that may open ICMP sockets.
    pub ping_groups: Option<(u32, u32)>,
}
