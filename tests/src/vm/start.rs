//! Starts a virtual machine with QEMU and keeps what its console says. With KVM where that really
//! works, else by emulation: a `/dev/kvm` that is there may still fail at once, or hang.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Context as _, LabError};
use crate::tools;

use super::report::{MARK, Report, UP};
use super::root::{self, Kernel};

const QEMU: (&str, &str) = ("qemu-system-x86_64", "qemu-system-x86");
/// Which way to run it: `kvm` or `tcg`; both are tried without it.
const CHOICE: &str = "EVENKEEL_VM_ACCEL";
/// How long a machine with KVM may take to its first words before it is thought to hang.
const KVM_PATIENCE: Duration = Duration::from_secs(20);
/// Memory in MiB: the root (below 200) and what runs. KASAN takes an eighth and more.
const MEMORY_MIB: &str = "1536";

/// A machine to be started.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its kernel.
    pub kernel: Kernel,
    /// What is tried in it: the names of topics.
    pub topics: Vec<String>,
    /// Files from an earlier machine.
    pub carried: Vec<(String, Vec<u8>)>,
    /// When to give up.
    pub timeout: Duration,
}

impl Machine {
    /// A machine that brings nothing from an earlier one.
    pub fn new(kernel: &Kernel, topics: &[&str], timeout: Duration) -> Self {
        Self {
            kernel: kernel.clone(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            carried: Vec::new(),
            timeout,
        }
    }

    /// Runs it and prints a line for each point, for tests.
    ///
    /// # Errors
    /// Everything that is wrong, by point; or that it did not start.
    #[allow(clippy::print_stdout, reason = "a line for each point, in a test")]
    pub fn all_must_hold(&self) -> Result<Report, LabError> {
        let report = run(self)?;
        for line in report.lines() {
            println!("{line}");
        }
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let wrong = report.wrong(&super::inside::points(&topics)?);
        if wrong.is_empty() {
            Ok(report)
        } else {
            Err(LabError::Invalid(wrong.join("\n")))
        }
    }
}

/// Where the machines' kernels and files are kept between runs: `vm` in the target directory.
///
/// # Errors
/// When the project's programs are not built, or it can't be made.
pub fn keep() -> Result<PathBuf, LabError> {
    let program = tools::project_binary("evenkeel-lab")?;
    let target = program.ancestors().nth(2).unwrap_or(Path::new("."));
    let keep = target.join("vm");
    fs::create_dir_all(&keep).context(|| format!("making {}", keep.display()))?;
    Ok(keep)
}

/// Runs a machine to its end and reads its report.
///
/// # Errors
/// [`LabError::MissingTool`], or a machine that did not start at all; its console's end is told.
pub fn run(machine: &Machine) -> Result<Report, LabError> {
    tools::require(&[QEMU])?;
    let keep = keep()?;
    let mut archive = root::collect(&machine.kernel, &keep)?;
    for (name, bytes) in &machine.carried {
        archive.file(&format!("{}/{name}", root::CARRIED), bytes.clone(), 0o600);
    }
    let image = Initial::write(&archive, &keep)?;
    let choice = env::var(CHOICE).unwrap_or_default();
    let ways: &[&str] = match choice.as_str() {
        "kvm" => &["kvm"],
        "tcg" => &["tcg"],
        _ if kvm_is_there() => &["kvm", "tcg"],
        _ => &["tcg"],
    };
    let mut said = String::new();
    for way in ways {
        let started = Instant::now();
        let patience = if *way == "kvm" {
            KVM_PATIENCE
        } else {
            machine.timeout
        };
        said = attempt(machine, way, &image.path, patience)?;
        if is_up(&said) {
            let mut report = Report::read(&said);
            let seconds = started.elapsed().as_secs_f32();
            report
                .notes
                .insert(0, format!("by {way}, {seconds:.1} s in all"));
            if !report.ended || !report.complaints.is_empty() {
                report
                    .notes
                    .push(format!("its console ended with: {}", tail(&said)));
            }
            return Ok(report);
        }
    }
    Err(LabError::Invalid(format!(
        "the virtual machine did not start with {}; it said: {}",
        machine.kernel.image.display(),
        tail(&said)
    )))
}

fn is_up(said: &str) -> bool {
    said.contains(&format!("{MARK} {UP}"))
}

fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

fn kvm_is_there() -> bool {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/kvm");
    opened.is_ok()
}

/// The root as a file, for as long as the machine runs.
struct Initial {
    path: PathBuf,
}

impl Initial {
    fn write(archive: &super::archive::Archive, keep: &Path) -> Result<Self, LabError> {
        let number = std::process::id();
        let path = keep.join(format!(
            "root-{number}-{:?}.cpio",
            std::thread::current().id()
        ));
        let what = || format!("writing {}", path.display());
        let mut file = BufWriter::new(File::create(&path).context(what)?);
        let written = archive.write(&mut file).and_then(|()| file.flush());
        let initial = Self { path: path.clone() };
        written.context(what)?;
        Ok(initial)
    }
}

impl Drop for Initial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Ends with the machine: it must not outlive a test that gives up.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One start; what the console said. `patience` is for the machine's first words.
fn attempt(
    machine: &Machine,
    way: &str,
    initial: &Path,
    patience: Duration,
) -> Result<String, LabError> {
    let accelerator = if way == "tcg" {
        "tcg,thread=multi"
    } else {
        way
    };
    let words = machine.topics.join(" ");
    // Level 5 shows warnings: what lockdep finds is none of the errors that `quiet` alone shows.
    let line = format!("console=ttyS0 quiet loglevel=5 reboot=t panic=-1 -- vm-inside {words}");
    let mut child = Command::new(QEMU.0)
        .args(["-M", "microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on"])
        .args(["-accel", accelerator, "-cpu", "max", "-smp", "2"])
        .args(["-m", MEMORY_MIB, "-nodefaults", "-no-user-config"])
        .args(["-no-reboot", "-display", "none", "-serial", "stdio"])
        .arg("-kernel")
        .arg(&machine.kernel.image)
        .arg("-initrd")
        .arg(initial)
        .args(["-append", &line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(|| format!("starting {}", QEMU.0))?;
    let text = Arc::new(Mutex::new(String::new()));
    let streams = [
        child.stdout.take().map(|stream| listen(stream, &text)),
        child.stderr.take().map(|stream| listen(stream, &text)),
    ];
    let mut running = Running(child);
    let started = Instant::now();
    let so_far = || text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    loop {
        let ended = running.0.try_wait();
        if !matches!(ended, Ok(None)) {
            break;
        }
        let age = started.elapsed();
        if age > machine.timeout || (age > patience && !is_up(&so_far())) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(running);
    for reader in streams.into_iter().flatten() {
        let _ = reader.join();
    }
    Ok(so_far())
}

fn listen(
    mut stream: impl std::io::Read + Send + 'static,
    text: &Arc<Mutex<String>>,
) -> std::thread::JoinHandle<()> {
    /// A console that says more than this is broken.
    const LIMIT_BYTES: usize = 4 << 20;
    let text = Arc::clone(text);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            let mut kept = text.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < LIMIT_BYTES {
                kept.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        }
    })
}
