#!/usr/bin/env python3
"""Unpacks the vendored library, and packs the plugin as Decky wants it; equal input gives equal
bytes. It fetches nothing: build.sh does.

    pack.py vendor WHEELS      py_modules/jeepney out of the one wheel in the folder WHEELS
    pack.py zip FILE           the plugin; `dist` and `py_modules/jeepney` must be there
"""

import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
NAME = "Evenkeel"
# What a zip can date things with at the earliest.
DATE = (1980, 1, 1, 0, 0, 0)

# The rest of jeepney is other people's event loops, a code generator that needs xml.etree, tests.
JEEPNEY = ("__init__", "auth", "bus", "bus_messages", "fds", "low_level", "wrappers")


def vendor(wheels: pathlib.Path) -> None:
    """Takes what is needed out of the wheel, with its licence."""
    (wheel,) = wheels.glob("jeepney-*.whl")
    target = HERE / "py_modules" / "jeepney"
    target.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for module in JEEPNEY:
            (target / f"{module}.py").write_bytes(archive.read(f"jeepney/{module}.py"))
        (licence,) = (n for n in archive.namelist() if n.endswith(".dist-info/licenses/LICENSE"))
        (target / "LICENSE").write_bytes(archive.read(licence))


def contents() -> dict[str, pathlib.Path]:
    """Every file of the plugin and where it comes from."""
    files = {
        "plugin.json": HERE / "plugin.json",
        "package.json": HERE / "package.json",
        "main.py": HERE / "main.py",
        "README.md": HERE / "README.md",
        "LICENSE": TOP / "LICENSE-MIT",
        "dist/index.js": HERE / "dist" / "index.js",
        "dist/LICENSE.decky-api": HERE / "node_modules" / "@decky" / "api" / "LICENSE",
        "py_modules/jeepney/LICENSE": HERE / "py_modules" / "jeepney" / "LICENSE",
    }
    for package in ("evenkeel_decky", "jeepney"):
        for module in (HERE / "py_modules" / package).glob("*.py"):
            files[f"py_modules/{package}/{module.name}"] = module
    return files


def pack(target: pathlib.Path) -> None:
    """Writes the zip: one folder, sorted, undated, readable by all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, source in sorted(contents().items()):
            entry = zipfile.ZipInfo(f"{NAME}/{name}", DATE)
            entry.create_system = 3  # Unix, whatever this runs on
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, source.read_bytes(), compresslevel=9)


def main() -> None:
    """See the module."""
    match sys.argv[1:]:
        case ["vendor", wheels]:
            vendor(pathlib.Path(wheels))
        case ["zip", target]:
            pack(pathlib.Path(target))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
