"""What the machine lacks, and the command that brings it."""

import os
import pathlib
import re
import tempfile
import unittest
from unittest import mock

from evenkeel_decky import installation
from evenkeel_decky.installation import (
    APT, DNF, IMAGE, INSTALLER, OTHER, PACMAN, PUT, RULES, RULES_BROUGHT, RULES_FOLDERS, Found,
    look, look_at_rules, remedy, remedy_if_blocked, family_of,
)

TOP = pathlib.Path(__file__).resolve().parents[4]


class TheHelper(unittest.TestCase):
    def test_where_it_is_not_installed_the_command_installs_it_in_the_systems_way(self):
        for system, part in [
            (IMAGE, "./install.sh"), (APT, "apt install"), (DNF, "dnf install"), (PACMAN, "pacman -U"),
            (OTHER, "make install"),
        ]:
            found = remedy(Found(system, unit=False, torn=False), activatable=False)
            self.assertIn(part, found.command)
            self.assertIn(found.lack, ("bundle", "package", "source"))
            self.assertNotIn("systemctl", found.command)

    def test_what_is_installed_is_started_and_what_an_update_tore_is_mended(self):
        for system in (IMAGE, APT, OTHER):
            self.assertEqual(remedy(Found(system, True, False), False).lack, "stopped")
            self.assertEqual(remedy(Found(system, True, False), True).lack, "silent")
            for unit in (False, True):
                self.assertEqual(remedy(Found(system, unit, True), False).lack, "torn")
        self.assertEqual(remedy_if_blocked(Found(IMAGE, True, True)).lack, "torn")
        self.assertEqual(remedy_if_blocked(Found(APT, True, False)).command, "evenkeel doctor")

    def test_systems_are_known_by_their_os_release(self):
        for text, expected in [
            ("ID=steamos\nID_LIKE=arch\n", IMAGE),
            ('ID=bazzite\nID_LIKE="fedora"\n', IMAGE),
            ("ID=fedora\nOSTREE_VERSION='42.1'\n", IMAGE),
            ("ID=cachyos\nID_LIKE=arch\n", PACMAN),
            ('ID=nobara\nID_LIKE="rhel centos fedora"\n', DNF),
            ('ID="linuxmint"\nID_LIKE="ubuntu debian"\n', APT),
            ("ID=alpine\n", OTHER),
            ("", OTHER),
            ("=\n\x00==\nID", OTHER),
        ]:
            self.assertEqual(family_of(text, fixed=False), expected, text)
        self.assertEqual(family_of("ID=arch\n", fixed=True), IMAGE)

    def test_files_say_what_there_is(self):
        with tempfile.TemporaryDirectory() as root:
            def put(path):
                file = pathlib.Path(root + path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("ID=arch\n")

            self.assertEqual(look(root), Found(OTHER, False, False))
            put("/usr/lib/os-release")
            self.assertEqual(look(root), Found(PACMAN, False, False))
            for path in (INSTALLER, *PUT):
                put(path)
            self.assertEqual(look(root), Found(PACMAN, True, False))
            os.remove(root + PUT[1])
            self.assertEqual(look(root), Found(PACMAN, True, True))


class TheRules(unittest.TestCase):
    def test_the_file_that_was_brought_and_the_one_in_force_are_told_apart(self):
        for brought in RULES_BROUGHT:
            for folder in RULES_FOLDERS:
                with tempfile.TemporaryDirectory() as root:
                    self.assertEqual(look_at_rules(root)[:2], ("", False))
                    for path in (brought, f"{folder}/{RULES}"):
                        file = pathlib.Path(root + path)
                        file.parent.mkdir(parents=True)
                        file.touch()
                        self.assertEqual(look_at_rules(root).brought, brought)
                    self.assertTrue(look_at_rules(root).in_force)

    def test_a_folder_that_is_closed_to_the_player_says_nothing(self):
        with mock.patch("os.stat", side_effect=PermissionError):
            self.assertIsNone(look_at_rules("/nowhere").in_force)

    def test_membership_is_asked_of_the_user_database(self):
        user = mock.Mock(pw_name="deck", pw_gid=1000)
        for group, member in [
            (mock.Mock(gr_mem=["deck"], gr_gid=998), True),
            (mock.Mock(gr_mem=[], gr_gid=1000), True),
            (mock.Mock(gr_mem=["root"], gr_gid=998), False),
        ]:
            with mock.patch("pwd.getpwuid", return_value=user), mock.patch("grp.getgrnam", return_value=group):
                self.assertEqual(look_at_rules("/nowhere").member, member)
        with mock.patch("grp.getgrnam", side_effect=KeyError):
            self.assertFalse(look_at_rules("/nowhere").member)


class TheRestOfTheProject(unittest.TestCase):
    """The same things are named by the installer, the packages and the window."""

    def text(self, path):
        return (TOP / path).read_text(encoding="utf-8")

    def test_every_command_is_one_of_the_windows(self):
        window = self.text("app/src/installation.rs")
        table = [*installation._INSTALL.values(), installation.MEND, installation.START, installation.RESTART]
        for _, command in table:
            self.assertIn(f'"{command}"', window)

    def test_the_rules_are_where_the_install_table_puts_them(self):
        row = next(line for line in self.text("packaging/install.table").splitlines() if RULES in line)
        self.assertRegex(row, rf"DATADIR/evenkeel/{re.escape(RULES)}\s")
        rules = self.text(f"packaging/decky/polkit/{RULES}")
        self.assertIn(f'isInGroup("{installation.RULES_GROUP}")', rules)

    def test_what_the_installer_puts_below_etc_is_what_is_looked_for(self):
        table = self.text("packaging/install.table")
        for path in PUT[:3]:
            name = path.rsplit("/", 1)[1]
            row = next(line for line in table.splitlines() if name in line)
            self.assertRegex(row, r"host,steamos$")
        self.assertIn(PUT[3], self.text("packaging/steamos/install.sh"))
