//! A stand-in for logind's part in suspend and resume, for want of hardware that sleeps: owns
//! `org.freedesktop.login1`, hands out inhibitor locks, and sends `PrepareForSleep` when told to. Made
//! after the interface's definition (org.freedesktop.login1(5)). It knows no sessions: those are
//! files in `/run/systemd`, see `rig`.

use std::io::{PipeReader, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc;
use zbus::object_server::SignalEmitter;

use crate::error::{Context as _, LabError};

/// logind's name on the bus.
pub const NAME: &str = "org.freedesktop.login1";
/// What the stand-in prints when it owns the name.
pub const READY: &str = "logind stands in";
/// What it prints when everybody has let go and the machine would sleep now.
pub const ASLEEP: &str = "asleep";
/// What it prints when it has announced the resume.
pub const AWAKE: &str = "awake";
const PATH: &str = "/org/freedesktop/login1";
/// How long logind waits for delaying locks (`InhibitDelayMaxSec=`).
const DELAY_MAX: Duration = Duration::from_secs(5);
/// Locks that can be held at once (`InhibitorsMax=`).
const LOCKS_MAX: usize = 64;

/// A delaying lock on sleep; it is held until the other end of the pipe is closed.
#[derive(Debug)]
struct Lock {
    holder: String,
    pipe: PipeReader,
}

#[derive(Debug, Default)]
struct Locks {
    delaying: Vec<Lock>,
    preparing: bool,
}

type Shared = Arc<Mutex<Locks>>;

fn locked(shared: &Shared) -> std::sync::MutexGuard<'_, Locks> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Manager(Shared);

#[zbus::interface(name = "org.freedesktop.login1.Manager", introspection_docs = false)]
impl Manager {
    fn inhibit(
        &self,
        what: &str,
        who: &str,
        why: &str,
        mode: &str,
    ) -> zbus::fdo::Result<zbus::OwnedFd> {
        let (ours, theirs) =
            std::io::pipe().map_err(|e| zbus::fdo::Error::Failed(e.to_string()))?;
        if what.split(':').any(|word| word == "sleep") && mode == "delay" {
            let mut locks = locked(&self.0);
            if locks.delaying.len() >= LOCKS_MAX {
                return Err(zbus::fdo::Error::LimitsExceeded(
                    "too many inhibitor locks".into(),
                ));
            }
            locks.delaying.push(Lock {
                holder: format!("{who} ({why})"),
                pipe: ours,
            });
        }
        Ok(std::os::fd::OwnedFd::from(theirs).into())
    }

    #[zbus(property)]
    fn preparing_for_sleep(&self) -> bool {
        locked(&self.0).preparing
    }

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;
}

/// Serves until standard input closes. Lines of input are `sleep` and `wake`.
///
/// # Errors
/// When the bus is not there, the name is taken, or a line is neither.
pub async fn serve() -> Result<(), LabError> {
    let shared = Shared::default();
    let bus = |e: zbus::Error| LabError::Invalid(format!("the logind stand-in: {e}"));
    let connection = zbus::connection::Builder::system()
        .serve_at(PATH, Manager(Arc::clone(&shared)))
        .name(NAME)
        .build()
        .await
        .map_err(bus)?;
    let (send, mut orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    say(READY)?;
    let emitter = SignalEmitter::new(&connection, PATH).map_err(bus)?;
    while let Some(order) = orders.recv().await {
        match order.trim() {
            "sleep" => {
                locked(&shared).preparing = true;
                Manager::prepare_for_sleep(&emitter, true)
                    .await
                    .map_err(bus)?;
                let held = std::mem::take(&mut locked(&shared).delaying);
                let late = released(held).await;
                say(&format!("{ASLEEP}; not released by {late:?}"))?;
            }
            "wake" => {
                locked(&shared).preparing = false;
                Manager::prepare_for_sleep(&emitter, false)
                    .await
                    .map_err(bus)?;
                say(AWAKE)?;
            }
            other => {
                return Err(LabError::Invalid(format!(
                    "the order is `sleep` or `wake`, not `{other}`"
                )));
            }
        }
    }
    Ok(())
}

/// Waits until the holders have closed their ends, or logind's patience is over; who has not.
async fn released(locks: Vec<Lock>) -> Vec<String> {
    let mut held: Vec<String> = locks.iter().map(|lock| lock.holder.clone()).collect();
    let all = async {
        for lock in locks {
            // Nobody writes: to be readable is to be closed.
            if let Ok(pipe) = Receiver::from_owned_fd(lock.pipe.into()) {
                let _ = pipe.readable().await;
            }
            held.remove(0);
        }
    };
    let _ = tokio::time::timeout(DELAY_MAX, all).await;
    held
}

fn say(line: &str) -> Result<(), LabError> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context(|| format!("saying `{line}`"))
}
