//! A gamepad that is nobody's hardware: where the kernel has no `uinput`, a file system of our own
//! (FUSE) at `/dev/input` in the lab holds one file that answers reads, polls and ioctls as the device
//! of a Steam Deck's built-in controller would. A program that finds gamepads by looking into that
//! directory, as gilrs does in a Flatpak, cannot tell the difference; one that asks udev sees nothing.

pub mod deck;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use crate::error::{Context as _, LabError};
use crate::{Lab, Proc};
use wire::Ask;

/// Where programs look.
const AT: &str = "/dev/input";
/// No request is longer.
const REQUEST_BYTES: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// The gamepad in a test's hands.
#[derive(Debug)]
pub struct Pad {
    server: Proc,
}

impl Pad {
    /// Puts it into the lab, not plugged in yet.
    ///
    /// # Errors
    /// When the kernel has no FUSE.
    pub fn prepare(lab: &Lab) -> Result<Self, LabError> {
        let mut server = lab.command("pc", ["evenkeel-lab", "pad"]).spawn()?;
        server.wait_for("ready", PATIENCE)?;
        Ok(Self { server })
    }

    /// Plugs it in.
    ///
    /// # Errors
    /// When that fails.
    pub fn plug(&self, lab: &Lab) -> Result<(), LabError> {
        let device = format!("{AT}/{}", wire::NAME);
        lab.command("pc", ["touch", &device]).text().map(drop)
    }

    /// Waits until a program has opened it, counted from the first plugging in.
    ///
    /// # Errors
    /// [`LabError::Timeout`] after a minute.
    pub fn wait_for_reader(&mut self, count: u32) -> Result<(), LabError> {
        let line = format!("opened {count}\n");
        self.server.wait_for(&line, Duration::from_mins(1))
    }

    /// Pulls it out for the `count`th time, whatever is held, and waits until no program has it open.
    ///
    /// # Errors
    /// When that fails; [`LabError::Timeout`] after a minute.
    pub fn pull(&mut self, lab: &Lab, count: u32) -> Result<(), LabError> {
        let device = format!("{AT}/{}", wire::NAME);
        let _ = lab.command("pc", ["rm", &device]).text()?;
        let line = format!("let go {count}\n");
        self.server.wait_for(&line, Duration::from_mins(1))
    }

    /// A button down or up.
    ///
    /// # Errors
    /// When the server has ended.
    pub fn button(&mut self, key: u16, down: bool) -> Result<(), LabError> {
        let line = format!("key {key} {}\n", i32::from(down));
        self.server.write(line.as_bytes())
    }

    /// A button down and up again.
    ///
    /// # Errors
    /// When the server has ended.
    pub fn press(&mut self, key: u16) -> Result<(), LabError> {
        self.button(key, true)?;
        self.button(key, false)
    }

    /// A stick's axis at a value, of [`deck::FULL`].
    ///
    /// # Errors
    /// When the server has ended.
    pub fn stick(&mut self, axis: u16, value: i32) -> Result<(), LabError> {
        self.server
            .write(format!("abs {axis} {value}\n").as_bytes())
    }
}

/// Somebody who has opened the device.
#[derive(Debug, Default)]
struct Reader {
    waiting: VecDeque<u8>,
    wake: Option<u64>,
    /// Not who plugs it in, nor who lists the folder.
    is_program: bool,
}

#[derive(Debug, Default)]
struct Device {
    /// Its node while it is plugged in: another one each time, as it is another file.
    plugged: Option<u64>,
    node: u64,
    readers: BTreeMap<u64, Reader>,
    last: u64,
    /// How often a program opened the device.
    opened: u32,
    /// How often it was pulled out and then open nowhere any more.
    let_go: u32,
    /// True from when it is plugged in until it is let go.
    is_had: bool,
}

impl Device {
    fn open(&mut self, is_program: bool) -> u64 {
        self.last += 1;
        let reader = Reader {
            is_program,
            ..Reader::default()
        };
        let _ = self.readers.insert(self.last, reader);
        self.last
    }

    /// Counts when it is let go.
    fn settle(&mut self) {
        let is_open = self.readers.values().any(|reader| reader.is_program);
        if self.is_had && self.plugged.is_none() && !is_open {
            self.is_had = false;
            self.let_go += 1;
        }
    }

    /// Takes in a report; those to wake.
    fn report(&mut self, bytes: &[u8]) -> Vec<u64> {
        let readers = self.readers.values_mut();
        readers
            .filter_map(|reader| {
                reader.waiting.extend(bytes);
                reader.wake.take()
            })
            .collect()
    }

    /// The answer to a request, if it wants one.
    fn answer(&mut self, unique: u64, ask: Ask) -> Option<Vec<u8>> {
        let fine = |body: Vec<u8>| Some(wire::answer(unique, &body));
        let refuse = |errno: Errno| Some(wire::refuse(unique, errno as i32));
        match ask {
            Ask::Nothing => None,
            Ask::Unknown => refuse(Errno::ENOSYS),
            Ask::Init => fine(wire::init()),
            Ask::Lookup(name) => match self.plugged.filter(|_| name == wire::NAME) {
                Some(node) => fine(wire::entry(node)),
                None => refuse(Errno::ENOENT),
            },
            Ask::Attributes(node) => fine(wire::described(node)),
            Ask::Create(name) if name == wire::NAME => {
                self.node = self.node.max(wire::ROOT) + 1;
                self.plugged = Some(self.node);
                self.is_had = true;
                let mut body = wire::entry(self.node);
                body.extend(wire::opened(self.open(false)));
                fine(body)
            }
            Ask::Create(_) => refuse(Errno::EPERM),
            Ask::Unlink(_) => {
                self.plugged = None;
                fine(Vec::new())
            }
            Ask::Open(node) => {
                let is_program = node != wire::ROOT;
                self.opened += u32::from(is_program);
                fine(wire::opened(self.open(is_program)))
            }
            Ask::Release(handle) => {
                let _ = self.readers.remove(&handle);
                fine(Vec::new())
            }
            Ask::Names { from } => {
                let node = self.plugged.filter(|_| from == 0);
                fine(node.map_or_else(Vec::new, wire::names))
            }
            Ask::Fine => fine(Vec::new()),
            Ask::Read { .. } if self.plugged.is_none() => refuse(Errno::ENODEV),
            Ask::Read { handle } => {
                let reader = self.readers.entry(handle).or_default();
                // A reader offers room for whole events; a few are enough.
                let count = reader.waiting.len().min(24);
                if count == 0 {
                    return refuse(Errno::EAGAIN);
                }
                fine(reader.waiting.drain(..count).collect())
            }
            Ask::Control { command, room } => match deck::answer(command, room) {
                Some(data) => fine(wire::controlled(&data)),
                None => refuse(Errno::EINVAL),
            },
            Ask::Poll { handle, wake } => {
                let reader = self.readers.entry(handle).or_default();
                reader.wake = Some(wake);
                let readable = !reader.waiting.is_empty();
                fine(wire::polled(readable))
            }
        }
    }
}

/// Serves it until standard input ends; each line there is `key CODE VALUE` or `abs CODE VALUE`.
///
/// # Errors
/// When the file system cannot be mounted, or the kernel ends it.
pub fn serve() -> Result<(), LabError> {
    if !Path::new(AT).is_dir() {
        make_room()?;
    }
    let kernel = OpenOptions::new().read(true).write(true).open("/dev/fuse");
    let kernel = kernel.context(|| "opening /dev/fuse, which this test needs".into())?;
    let options = format!(
        "fd={},rootmode=40000,user_id=0,group_id=0,allow_other",
        kernel.as_raw_fd()
    );
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(
        Some("gamepad"),
        AT,
        Some("fuse"),
        safe,
        Some(options.as_str()),
    )
    .context(|| format!("mounting the gamepad at {AT}"))?;
    let device = Arc::new(Mutex::new(Device::default()));
    say("ready").context(|| "saying ready".into())?;
    let answering = Arc::clone(&device);
    let answers = kernel.try_clone().context(|| "sharing /dev/fuse".into())?;
    std::thread::spawn(move || answer_kernel(&answers, &answering));
    for line in io::stdin().lock().lines() {
        let line = line.context(|| "reading what is pressed".into())?;
        let bytes = pressed(&line).ok_or_else(|| LabError::Invalid(format!("no event: {line}")))?;
        let woken = lock(&device).report(&bytes);
        for wake in woken {
            write(&kernel, &wire::wake(wake))?;
        }
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

fn pressed(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_whitespace();
    let kind = words.next()?;
    let (code, value) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    match kind {
        "key" => Some(deck::button(code, value != 0)),
        "abs" => Some(deck::stick(code, value)),
        _ => None,
    }
}

fn lock(device: &Mutex<Device>) -> MutexGuard<'_, Device> {
    device.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until the file system is gone.
fn answer_kernel(kernel: &File, device: &Mutex<Device>) {
    let mut buffer = vec![0; REQUEST_BYTES];
    loop {
        let count = match (&mut &*kernel).read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let Some((unique, ask)) = wire::read(&buffer[..count]) else {
            return;
        };
        let counts = |device: &Device| (device.opened, device.let_go);
        let before = counts(&lock(device));
        let answer = lock(device).answer(unique, ask);
        // An interrupted request wants its answer no more.
        let _ = answer.map(|answer| write(kernel, &answer));
        lock(device).settle();
        let (opened, let_go) = counts(&lock(device));
        // Nobody reads any more when the test has ended.
        if opened != before.0 {
            let _ = say(&format!("opened {opened}"));
        }
        if let_go != before.1 {
            let _ = say(&format!("let go {let_go}"));
        }
    }
}

fn write(kernel: &File, bytes: &[u8]) -> Result<(), LabError> {
    let written = (&mut &*kernel).write(bytes);
    written.context(|| "answering the kernel".into()).map(drop)
}

/// A `/dev` of the lab's own with what the host's has, and a place for gamepads.
fn make_room() -> Result<(), LabError> {
    const NEW: &str = "/run/evenkeel-dev";
    fs::create_dir_all(NEW).context(|| format!("making {NEW}"))?;
    crate::hold::tmpfs(NEW)?;
    let entries = fs::read_dir("/dev").context(|| "reading /dev".into())?;
    for entry in entries.flatten() {
        let target = format!("{NEW}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().context(|| "reading /dev".into())?;
        if kind.is_symlink() {
            let to = fs::read_link(entry.path()).context(|| "reading a link of /dev".into())?;
            std::os::unix::fs::symlink(to, &target).context(|| format!("making {target}"))?;
            continue;
        }
        if kind.is_dir() {
            fs::create_dir(&target).context(|| format!("making {target}"))?;
        } else {
            let _ = File::create(&target).context(|| format!("making {target}"))?;
        }
        bind(&entry.path().to_string_lossy(), &target)?;
    }
    let input = format!("{NEW}/input");
    fs::create_dir(&input).context(|| format!("making {input}"))?;
    bind(NEW, "/dev")
}

fn bind(source: &str, target: &str) -> Result<(), LabError> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(source), target, None::<&str>, flags, None::<&str>)
        .context(|| format!("binding {source} to {target} in the lab"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pressed_waits_for_every_reader_and_wakes_those_who_asked() {
        let mut device = Device {
            plugged: Some(2),
            ..Device::default()
        };
        let (one, other) = (device.open(true), device.open(true));
        let empty = device.answer(9, Ask::Read { handle: one });
        assert_eq!(empty, Some(wire::refuse(9, Errno::EAGAIN as i32)));
        let _ = device.answer(
            9,
            Ask::Poll {
                handle: other,
                wake: 5,
            },
        );
        assert_eq!(device.report(&pressed("key 308 1").unwrap()), [5]);
        assert!(device.report(&pressed("key 308 0").unwrap()).is_empty());
        for handle in [one, other] {
            let read = device.answer(9, Ask::Read { handle }).unwrap();
            assert_eq!(read.len(), 16 + 24);
        }
    }

    #[test]
    fn lines_that_are_no_event_are_none() {
        for line in ["", "key", "key a 1", "rel 1 1"] {
            assert_eq!(pressed(line), None, "{line}");
        }
    }
}
