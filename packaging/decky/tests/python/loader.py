#!/usr/bin/env python3
"""Stands in for Decky Loader's plugin process: loads main.py as it does, calls methods that come as
JSON lines on standard input, writes answers and events as JSON lines to standard output.

    loader.py PLUGIN_DIR SETTINGS_DIR
"""

import asyncio
import importlib.util
import json
import logging
import os
import signal
import sys
import types

# What the frozen loader does not have must not be found here either.
ABSENT = ("xml", "dbus_next", "subprocess")


class NotFrozen:
    """Hides modules."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Denies what is absent."""
        if name.split(".")[0] in ABSENT and name not in sys.modules:
            raise ModuleNotFoundError(f"the frozen loader has no {name}")
        return None


def say(**line):
    """One line to the test."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def emit(event, *args):
    """As the loader's."""
    say(event=event, args=args)


def sockets():
    """How many sockets this process has open."""
    links = (os.path.join("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd"))
    return sum(os.readlink(link).startswith("socket:") for link in links if os.path.lexists(link))


async def answer(plugin, call):
    """Calls one method."""
    if call["method"] == "sockets":
        say(id=call["id"], result=sockets())
        return
    if call["method"] == "environment":
        say(id=call["id"], result=dict(os.environ))
        return
    try:
        say(id=call["id"], result=await getattr(plugin, call["method"])(*call["args"]))
    except Exception as error:  # as the loader does
        say(id=call["id"], error=repr(error))


async def run(plugin):
    """Until SIGTERM or the end of input."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    await plugin._main()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say(ready=True)

    async def read():
        while line := await lines.readline():
            # One at a time in order of arrival is not promised by the loader either.
            tasks.append(asyncio.create_task(answer(plugin, json.loads(line))))
        done.set()

    tasks = []
    reader = asyncio.create_task(read())
    await done.wait()
    reader.cancel()
    await plugin._unload()


def main():
    """See the module."""
    folder, settings = sys.argv[1:3]
    # asyncio itself knows programs; it has them already.
    sys.meta_path.insert(0, NotFrozen)
    sys.path.append(os.path.join(folder, "py_modules"))
    logging.basicConfig(stream=sys.stderr)
    decky = types.ModuleType("decky")
    decky.emit, decky.logger = emit, logging.getLogger("Evenkeel")
    decky.DECKY_PLUGIN_SETTINGS_DIR = settings
    sys.modules["decky"] = decky
    spec = importlib.util.spec_from_file_location("_", os.path.join(folder, "main.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    asyncio.run(run(module.Plugin()))


if __name__ == "__main__":
    main()
