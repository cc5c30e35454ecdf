#!/usr/bin/env python3
"""Tries `make demo` and `make test` on fresh machines: the smallest Debian with make, sudo and Rust,
in a container without an init.

    sudo env "PATH=$PATH" tests/fresh/demo.py DIRECTORY [--target DIR] [root|user|display|other|tests ...]

DIRECTORY is made and holds the machines. --target names a target directory whose third-party crates
are built already (debug profile): it is copied, to save ten minutes. Needs root, mmdebstrap, the
network for packages, and the repository's last commit: that is what is cloned. Exits 0 only if
everything happened as README.md says, and nothing was left behind.
"""

import argparse
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HOME = "/home/player"
PASSWORD = "steady"
BUILDING = 2400  # seconds, on a busy machine
KEPT = 100_000  # characters of a terminal
FILES = [("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "run"), ("tmpfs", "tmp")]
# A network may have a certificate authority of its own; some programs have to be told where it is.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
OF_AUTHORITIES = ("NODE_EXTRA_CA_CERTS", "PIP_CERT")

# What a window manager sends when the close button is pressed; xdotool can only tear the window away.
CLOSE = """
from Xlib import X, display, protocol
screen = display.Display()
named = lambda word: screen.intern_atom(word)
def windows(above):
    for window in above.query_tree().children:
        yield window
        yield from windows(window)
window = next(window for window in windows(screen.screen().root) if "Evenkeel" in (window.get_wm_name() or ""))
data = (32, [named("WM_DELETE_WINDOW"), X.CurrentTime, 0, 0, 0])
window.send_event(protocol.event.ClientMessage(window=window, client_type=named("WM_PROTOCOLS"), data=data))
screen.sync()
"""


class Failed(Exception):
    """Something did not happen as it should."""


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def run(*line, **more):
    return subprocess.run([str(word) for word in line], check=True, **more)


class Machine:
    """A fresh machine: a root of its own, below a process that holds it."""

    def __init__(self, folder, base, name, shared):
        self.name, root = name, folder / name
        run("cp", "-a", base, root)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        if Path(AUTHORITIES).exists():
            shutil.copy(AUTHORITIES, root / AUTHORITIES[1:])
        # A machine's root is a mount, which a lab needs to make its own mounts private.
        mounts = [("--bind", root, root), ("--rbind", "/dev", root / "dev")]
        mounts += [("-t", kind, kind, root / place) for kind, place in FILES]
        mounts += [("--bind", source, root / place) for source, place in shared]
        for place in ["old", *(place for _, place in shared)]:
            (root / place).mkdir(parents=True, exist_ok=True)
        # The registry is found below the same CARGO_HOME, or every crate would be built anew.
        (root / "root").chmod(0o755)
        run("chown", "1000:1000", root / "root/.cargo")
        words = "\n".join("mount " + " ".join(str(word) for word in mount) for mount in mounts)
        words += f"\ncd {root} && pivot_root . old && old/usr/bin/umount -l /old && rmdir old && chmod 1777 /tmp && echo up && exec sleep infinity"
        line = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", words]
        self.holder = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "up\n":
            raise SystemExit("the machine's root could not be made")
        self.root = Path(f"/proc/{self.holder.pid}/root")

    def line(self, user, words, **env):
        named = {"CARGO_HOME": "/root/.cargo", "CARGO_TARGET_DIR": "/target", "LANG": "C.UTF-8", "TERM": "xterm", **env}
        named |= {name: AUTHORITIES for name in OF_AUTHORITIES if name in os.environ}
        path = "/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env = [f"{key}={value}" for key, value in {"PATH": path, **named}.items()]
        uid, home = ("0", "/root") if user == "root" else ("1000", HOME)
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups", "env", "-i", f"HOME={home}", f"USER={user}"]
        inside = f"cd {HOME}/evenkeel && exec {words}"
        return ["nsenter", "--target", str(self.holder.pid), "--mount", "--", *become, *env, "sh", "-c", inside]

    def traces(self):
        """What a demo could leave: processes, namespaces, mounts, files."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    spaces = [os.readlink(entry / "ns" / kind) for kind in ("net", "mnt", "pid")]
                except OSError:
                    continue
                if "evenkeel" in words and str(REPOSITORY) not in words:
                    found[f"process {entry.name}"] = words
                found.update({space: "a namespace" for space in spaces})
        for place in ("tmp", "tmp/.X11-unix", "run", f"{HOME[1:]}/.config", f"{HOME[1:]}/.cache"):
            folder = self.root / place
            found.update({str(entry): "a file" for entry in folder.iterdir()} if folder.is_dir() else {})
        for mount in Path(f"/proc/{self.holder.pid}/mountinfo").read_text().splitlines():
            found[mount] = "a mount"
        space = re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))
        for group in Path("/sys/fs/cgroup").glob(f"**/evenkeel.lab-{space}-*"):
            found[str(group)] = "a control group"
        return found


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, line, size=(40, 120), log=None):
        self.text, self.seen, self.ended = "", "", None
        self.log = log and open(log, "w", encoding="utf-8")
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execvp(line[0], line)
        run("stty", "rows", size[0], "cols", size[1], stdin=self.file)

    def read(self, seconds):
        if select.select([self.file], [], [], seconds)[0]:
            try:
                read = os.read(self.file, 65536).decode(errors="replace")
            except OSError:
                return time.sleep(0.05)
            # A progress bar draws megabytes: only the newest is searched.
            self.text = (self.text + read)[-KEPT:]
            if self.log:
                self.log.write(read)
                self.log.flush()

    def expect(self, pattern, seconds=60):
        """Waits for a text that comes after all that was expected before."""
        until = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > until or self.status() is not None:
                raise Failed(f"no {pattern!r}; the terminal said:\n{self.text[-3000:]}")
            self.read(0.2)
        self.seen, self.text = found.group(), self.text[found.end():]

    def type(self, keys):
        os.write(self.file, keys.encode())

    def status(self):
        if self.ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.ended = os.waitstatus_to_exitcode(status) if pid else None
        return self.ended

    def wait(self, seconds=60):
        until = time.monotonic() + seconds
        while self.status() is None:
            if time.monotonic() > until:
                raise Failed(f"it does not end; the terminal said:\n{self.text[-3000:]}")
            self.read(0.1)
        while select.select([self.file], [], [], 0)[0]:
            before = self.text
            self.read(0)
            if self.text == before:
                break
        return self.ended


def processes(word):
    """Processes whose command line begins with a program of this name."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if Path(words[0].decode(errors="replace")).name == word.split()[0]:
                if all(part.encode() in words for part in word.split()[1:]):
                    found.append(int(entry.name))
    return sorted(found)


def nothing_left(machine, before, what):
    until = time.monotonic() + 15
    while True:
        left = {thing: kind for thing, kind in machine.traces().items() if thing not in before}
        if not left:
            return say(f"  {what}: nothing is left")
        if time.monotonic() > until:
            raise Failed(f"{what} left: {left}")
        time.sleep(0.2)


def must(condition, otherwise):
    if not condition:
        raise Failed(otherwise)


def as_root(machine, _):
    """Without a terminal: the story, once to install and build, once more against the clock."""
    for attempt in ["fresh", "built"]:
        before, begun = machine.traces(), time.monotonic()
        line = machine.line("root", "make demo")
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        took = time.monotonic() - begun
        say(f"  {attempt}: exit {done.returncode} after {took:.0f} s")
        print(done.stdout, done.stderr[-3000:], flush=True)
        must(done.returncode == 0, "the story did not happen")
        if attempt == "built":
            must(took < 60, "it took longer than a minute")
            nothing_left(machine, before, "the story")


def as_user(machine, _):
    """On a terminal, with sudo: asks, installs, builds, shows `evenkeel watch`, saves a picture."""
    terminal = Terminal(machine.line("player", "make demo"))
    terminal.expect(r"packages are missing: .*xvfb")
    terminal.expect(r"Install them with sudo apt-get\? \[y/N\]")
    terminal.type("n\n")
    terminal.expect("Nothing was installed")
    must(terminal.wait() != 0, "no means no")
    must(not (machine.root / "usr/bin/Xvfb").exists(), "it installed although the answer was no")
    say("  asked, and took no for an answer")

    terminal = Terminal(machine.line("player", "make demo"))
    terminal.expect(r"\[y/N\]")
    terminal.type("y\n")
    terminal.expect("password for player")
    terminal.type(f"{PASSWORD}\n")
    terminal.expect("takes sudo", BUILDING)
    begun = time.monotonic()
    terminal.expect("a picture of the window is in /target/demo.png")
    picture = machine.root / "target/demo.png"
    must(picture.stat().st_uid == 1000 and picture.stat().st_size > 10_000, "the picture is not the user's")
    terminal.expect(r"Game mode is off")
    terminal.expect(r"wifi0.*alive")
    say(f"  asked, installed, built; watch shows after {time.monotonic() - begun:.0f} s")
    terminal.type("q")
    must(terminal.wait() == 0, "q ends it well")

    before = machine.traces()
    for what, end in [
        ("q", lambda it: it.type("q")),
        ("Ctrl-C", lambda it: it.type("\x03")),
        ("TERM to the lab", lambda it: os.kill(processes("evenkeel-lab demo")[0], signal.SIGTERM)),
        ("TERM to make", lambda it: os.kill(it.pid, signal.SIGTERM)),
        ("KILL to sudo", lambda it: [os.kill(pid, signal.SIGKILL) for pid in processes("sudo")]),
        ("KILL to the lab", lambda it: os.kill(processes("evenkeel-lab demo")[0], signal.SIGKILL)),
        ("the terminal's end", lambda it: os.close(it.file)),
    ]:
        terminal = Terminal(machine.line("player", "make demo"))
        terminal.expect("takes sudo")
        terminal.expect("password for player")
        terminal.type(f"{PASSWORD}\n")
        terminal.expect(r"wifi0.*alive")
        end(terminal)
        if what == "the terminal's end":
            os.waitpid(terminal.pid, 0)
        else:
            say(f"  {what}: exit {terminal.wait()}")
            # The last word to the terminal is that the ordinary screen is back. Nobody can say it once
            # KILL took the lab, or sudo, whose terminal the lab's own one is connected to.
            back = terminal.text.rfind("\x1b[?1049l")
            must(what.startswith("KILL") or back > terminal.text.rfind("\x1b[?1049h"), f"{what}: the terminal was not given back")
        nothing_left(machine, before, what)


def with_display(machine, folder):
    """With a display the window opens on it; Ctrl-C and kill end it all."""
    run(*machine.line("root", "mkdir -m 1777 /tmp/.X11-unix"))
    install = "sh -c 'apt-get update -qq && apt-get install -y -qq python3-xlib'"
    run(*machine.line("root", install), stdout=subprocess.DEVNULL)
    (machine.root / "home/player/close.py").write_text(CLOSE)
    display = subprocess.Popen(machine.line("player", "Xvfb :77 -screen 0 1280x800x24 -nolisten tcp"))
    time.sleep(2)
    look = ["xdotool search --onlyvisible --name Evenkeel", "import -window root /home/player/shot.png"]
    seen = lambda words: subprocess.run(machine.line("player", words, DISPLAY=":77"), capture_output=True).returncode == 0
    before = machine.traces()
    for what, language, end in [
        ("Ctrl-C", "C.UTF-8", lambda it: it.type("\x03")),
        ("TERM to the lab", "ko_KR.UTF-8", lambda it: os.kill(processes("evenkeel-lab demo")[0], signal.SIGTERM)),
        ("KILL to sudo", "C.UTF-8", lambda it: [os.kill(pid, signal.SIGKILL) for pid in processes("sudo")]),
        ("closing the window", "C.UTF-8", lambda it: must(seen("python3 /home/player/close.py"), "the window could not be asked to close")),
    ]:
        terminal = Terminal(machine.line("player", "make demo", DISPLAY=":77", LANG=language))
        until = time.monotonic() + BUILDING
        while not seen(look[0]):
            if "password for" in terminal.text:
                terminal.text = ""
                terminal.type(f"{PASSWORD}\n")
            must(time.monotonic() < until and terminal.status() is None, f"no window: {terminal.text[-3000:]}")
            terminal.read(0.5)
        time.sleep(5)
        must(seen(look[1]), "no picture of the display")
        shutil.copy(machine.root / "home/player/shot.png", folder / f"{machine.name}-{what.split()[0]}.png")
        end(terminal)
        say(f"  {what}: exit {terminal.wait()}")
        nothing_left(machine, before, what)
    display.terminate()
    display.wait()


def elsewhere(machine, _):
    """Without apt-get it prints the packages' names and stops, and goes on when told to."""
    (machine.root / "usr/bin/apt-get").rename(machine.root / "usr/bin/apt-get.away")
    (machine.root / "etc/os-release").unlink()
    (machine.root / "etc/os-release").write_text('NAME="Some other Linux"\nID=other\n')
    for told, env in [(False, {}), (True, {"EVENKEEL_PACKAGES": "ok"})]:
        line = machine.line("player", "scripts/packages.sh build lab", **env)
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        must("build-essential" in done.stdout and "xvfb" in done.stdout, f"no names: {done}")
        must((done.returncode == 0) == told, f"exit {done.returncode}")
        print(done.stdout)
    line = machine.line("player", "make demo")
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    must(done.returncode != 0 and "Please install" in done.stdout, f"make demo: {done}")


def tests_as_user(machine, folder):
    """`make test` on a terminal, with sudo: asks, installs, builds, and everything passes."""
    # Built for this machine already, like the third-party crates; the script installs them where they are missing.
    for tool in ("cargo-nextest", "cargo-deny"):
        if found := shutil.which(tool):
            shutil.copy(found, machine.root / "usr/local/bin")
    log = folder / "make-test.log"
    terminal = Terminal(machine.line("player", "make test"), log=log)
    terminal.expect(r"\[y/N\]")
    terminal.type("y\n")
    terminal.expect("password for player")
    terminal.type(f"{PASSWORD}\n")
    terminal.expect("== tests", BUILDING)
    say("  asked, installed, built")
    # The password again, if building took longer than sudo remembers.
    terminal.expect(r"Starting|password for player", BUILDING)
    if "password for player" in terminal.seen:
        terminal.type(f"{PASSWORD}\n")
    ended = terminal.wait(2 * BUILDING)
    must(ended == 0, f"exit {ended}; what was said is in {log}")


WAYS = {"root": as_root, "user": as_user, "display": with_display, "other": elsewhere, "tests": tests_as_user}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--target", type=Path)
    arguments.add_argument("ways", nargs="*", metavar="WAY", help=f"of {', '.join(WAYS)}; all by default")
    given = arguments.parse_args()
    given.ways = given.ways or list(WAYS)
    if unknown := set(given.ways) - set(WAYS):
        arguments.error(f"there is no way {', '.join(unknown)}")
    if os.environ.get("EVENKEEL_FRESH") != "1":
        # Mounts and processes of our own: they end with us, whatever happens. As process 1 we take
        # no orphans, like that of many a container.
        os.environ["EVENKEEL_FRESH"] = "1"
        line = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
        os.execvp(line[0], [*line, sys.executable, *sys.argv])
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    base, clone, target = folder / "base", folder / "clone", folder / "target"
    if not base.exists():
        say("bootstrapping the smallest Debian")
        sources = Path("/etc/apt/sources.list.d/debian.sources")
        mirror = [sources] if sources.exists() else []
        run("mmdebstrap", "--variant=apt", "--include=make,sudo,ca-certificates", "bookworm", base, *mirror)
        run("chroot", base, "useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "-u", "1000", "player")
        run("chroot", base, "chpasswd", input=f"player:{PASSWORD}\n", text=True)
    shutil.rmtree(clone, ignore_errors=True)
    run("git", "clone", "--quiet", "--no-hardlinks", REPOSITORY, clone)
    if not target.exists():
        run("cp", "-a", given.target, target) if given.target else target.mkdir()
    rust = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    registry = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry"
    shared = [(rust, "opt/rust"), (registry, "root/.cargo/registry"), (clone, f"{HOME[1:]}/evenkeel"), (target, "target")]
    machines, failed = {}, []
    for way in given.ways:
        name = "user" if way in ("user", "display", "tests") else way
        run("chown", "-R", "1000:1000", clone, target)
        if name not in machines:
            say(f"a fresh machine: {name}")
            shutil.rmtree(folder / name, ignore_errors=True)
            machines[name] = Machine(folder, base, name, shared)
        say(f"{way}: {WAYS[way].__doc__}")
        try:
            WAYS[way](machines[name], folder)
        except Failed as why:
            failed.append(way)
            say(f"{way}: {why}")
    if failed:
        raise SystemExit(f"not as it should: {', '.join(failed)}")
    say("all of it happened")


if __name__ == "__main__":
    main()
