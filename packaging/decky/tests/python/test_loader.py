"""What the loader's frozen Python and the rule about root ask of the files."""

import ast
import json
import pathlib
import unittest

HERE = pathlib.Path(__file__).resolve().parent.parent.parent

# Modules that the loader itself, asyncio or aiohttp bring along in its frozen Python. xml.etree is
# not among them, nor is anything that starts programs.
FROZEN = set(
    "array asyncio binascii collections contextlib enum grp itertools json logging os pwd re socket "
    "string struct typing warnings".split()
)
OURS = {"decky", "evenkeel_decky", "jeepney"}


def sources():
    yield HERE / "main.py"
    for package in ("evenkeel_decky", "jeepney"):
        found = sorted((HERE / "py_modules" / package).glob("*.py"))
        if not found:
            raise AssertionError(f"py_modules/{package} is empty: run build.sh first")
        yield from found


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


class TheFiles(unittest.TestCase):
    def test_nothing_is_imported_that_the_frozen_loader_lacks(self):
        for path in sources():
            for name in imports(path):
                self.assertIn(name.split(".")[0], FROZEN | OURS, f"{path} imports {name}")

    def test_no_program_is_started(self):
        """So that the loader's LD_LIBRARY_PATH can reach none."""
        for path in sources():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute):
                    called = node.attr
                    starts = called.startswith(("exec", "spawn", "posix_spawn", "create_subprocess"))
                    self.assertFalse(starts or called in ("system", "popen", "fork"), f"{path}: {called}")

    def test_the_plugin_asks_for_no_root(self):
        manifest = json.loads((HERE / "plugin.json").read_text(encoding="utf-8"))
        self.assertEqual(manifest["flags"], [])
        self.assertEqual(manifest["api_version"], 1)
        package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
        self.assertEqual(package["type"], "module")
        self.assertNotIn("remote_binary", package)

    def test_no_registry_is_named(self):
        for name in ("package-lock.json", "package.json", "py_modules/requirements.txt"):
            text = (HERE / name).read_text(encoding="utf-8")
            self.assertNotIn('"resolved"', text, name)
            self.assertNotRegex(text, r"https?://[^\"\s]*(registry|pypi|npmjs)", name)
