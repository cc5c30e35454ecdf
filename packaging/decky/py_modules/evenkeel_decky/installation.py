"""What this machine lacks for the plugin to work, as far as an unprivileged program can see, and the
one command that brings it. Files are read and nothing is run; the words are the panel's
(src/words.ts). The window's own such table is app/src/installation.rs."""

import grp
import os
import pwd
from typing import NamedTuple, Optional

UNIT = "evenkeeld.service"
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# What the installer for read-only systems leaves where updates do not reach, and what it puts where
# they do.
INSTALLER = "/opt/evenkeel/libexec/install.sh"
PUT = (
    "/etc/systemd/system/evenkeeld.service",
    "/etc/dbus-1/system.d/io.github.evenkeel.Helper1.conf",
    "/etc/polkit-1/actions/io.github.evenkeel.helper1.policy",
    "/etc/atomic-update.conf.d/evenkeel.conf",
)
OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
MAX_BYTES = 64 * 1024

RULES = "49-evenkeel-decky.rules"
# Only root can write there: polkit runs what is in a rules file.
RULES_BROUGHT = tuple(
    f"{share}/evenkeel/{RULES}" for share in ("/opt/evenkeel/share", "/usr/share", "/usr/local/share")
)
RULES_FOLDERS = (
    "/etc/polkit-1/rules.d",
    "/usr/local/share/polkit-1/rules.d",
    "/usr/share/polkit-1/rules.d",
)
RULES_GROUP = "wheel"

# How software comes into a system.
IMAGE, APT, DNF, PACMAN, OTHER = "image", "apt", "dnf", "pacman", "other"

_IMAGES = {"steamos", "bazzite", "chimeraos", "endless"}
_FAMILIES = ((APT, {"debian", "ubuntu"}), (DNF, {"fedora", "rhel"}), (PACMAN, {"arch"}))


class Remedy(NamedTuple):
    """What the helper lacks, in one word for the panel, and what to type."""

    lack: str
    command: str

    def view(self) -> dict[str, object]:
        """As the panel gets it."""
        return self._asdict()


_INSTALL = {
    IMAGE: Remedy("bundle", "sudo ./install.sh"),
    APT: Remedy("package", "sudo apt install ./evenkeel_*.deb"),
    DNF: Remedy("package", "sudo dnf install ./evenkeel-*.rpm"),
    PACMAN: Remedy("package", "sudo pacman -U ./evenkeel-*.pkg.tar.zst"),
    OTHER: Remedy("source", "make build && sudo make install"),
}
MEND = Remedy("torn", f"sudo {INSTALLER} --mend")
START = Remedy("stopped", "sudo systemctl enable --now evenkeeld")
RESTART = Remedy("silent", "sudo systemctl restart evenkeeld")
DOCTOR = Remedy("blocked", "evenkeel doctor")


class Found(NamedTuple):
    """What there is of the helper's installation."""

    family: str
    unit: bool
    torn: bool


class Rules(NamedTuple):
    """The optional polkit rules: the file that an installation brought, whether it is in force (None:
    cannot be seen), whether this user is in the group that it is for."""

    brought: str
    in_force: Optional[bool]
    member: bool

    def view(self) -> dict[str, object]:
        """As the panel gets it."""
        return self._asdict()


def family_of(os_release: str, fixed: bool) -> str:
    """The family of the system that an os-release file describes; `fixed` when /usr cannot be written."""
    values: dict[str, str] = {}
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        values[name.strip()] = value.strip().strip("\"'")
    names = [values.get("ID", ""), *values.get("ID_LIKE", "").split()]
    if fixed or names[0] in _IMAGES or values.get("OSTREE_VERSION"):
        return IMAGE
    return next((family for family, ids in _FAMILIES if ids.intersection(names)), OTHER)


def remedy(found: Found, activatable: bool) -> Remedy:
    """What helps while no helper answers; `activatable` when the bus tries to start it."""
    if found.torn:
        return MEND
    if activatable:
        return RESTART
    return START if found.unit else _INSTALL[found.family]


def remedy_if_blocked(found: Found) -> Remedy:
    """What helps when the bus lets nobody reach the helper."""
    return MEND if found.torn else DOCTOR


def look(root: str = "") -> Found:
    """Looks at the files of this machine. Blocks for as long as the disk does."""

    def there(path: str) -> bool:
        return os.path.exists(root + path)

    fixed = there("/run/ostree-booted")
    try:
        fixed = fixed or bool(os.statvfs(root + "/usr").f_flag & os.ST_RDONLY)
    except OSError:
        pass
    return Found(
        family=family_of(next((text for path in OS_RELEASE if (text := _text(root + path))), ""), fixed),
        unit=any(there(f"{folder}/{UNIT}") for folder in UNIT_FOLDERS),
        torn=there(INSTALLER) and not all(there(path) for path in PUT),
    )


def look_at_rules(root: str = "") -> Rules:
    """Looks for the optional rules. Blocks for as long as the disk does."""
    brought = next((path for path in RULES_BROUGHT if os.path.isfile(root + path)), "")
    seen = [_is_in(root + folder, RULES) for folder in RULES_FOLDERS]
    in_force = True if True in seen else None if None in seen else False
    return Rules(brought, in_force, _is_member(os.getuid()))


def _is_in(folder: str, name: str) -> Optional[bool]:
    try:
        os.stat(f"{folder}/{name}")
        return True
    except PermissionError:
        return None
    except OSError:
        return False


def _is_member(uid: int) -> bool:
    """As polkit asks: of the user database, not of this process."""
    try:
        user, group = pwd.getpwuid(uid), grp.getgrnam(RULES_GROUP)
    except KeyError:
        return False
    return user.pw_name in group.gr_mem or user.pw_gid == group.gr_gid


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return ""
