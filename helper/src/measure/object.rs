//! `io.github.evenkeel.Measurement1` on the bus: hands calls on to the actor and shows what the actor
//! put on the board. No state of its own, and it decides nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_dbus::measurement::{
    MeasuredBlock, MeasuredSample, MeasurementPlan, MeasurementProgress, MeasurementResult,
};
use evenkeel_dbus::{HelperError, action};
use zbus::Connection;
use zbus::message::Header;
use zbus::object_server::InterfaceRef;

use super::path;
use super::wish::Wish;
use crate::desk::{Desk, busy};
use crate::request::{Answer, Ask, Touch};

/// What moves, as the properties show it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shown {
    /// `MeasurementState` as a number.
    pub state: u32,
    /// `MeasurementReason` as a number.
    pub reason: u32,
    /// How far it is.
    pub progress: MeasurementProgress,
    /// What came out.
    pub result: MeasurementResult,
}

/// The exported object.
pub struct Measurement {
    desk: Desk,
    number: u64,
    uid: u32,
    wish: Wish,
    seed: u64,
    started_at: u64,
    shown: Arc<Mutex<Shown>>,
}

/// What a measurement is called and belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Passport {
    /// Its number.
    pub number: u64,
    /// Its owner.
    pub uid: u32,
    /// What is measured.
    pub wish: Wish,
    /// What its draws come from.
    pub seed: u64,
    /// When it began, seconds since 1970.
    pub started_at: u64,
}

/// The actor's end of an exported measurement.
pub struct Board {
    interface: InterfaceRef<Measurement>,
    shown: Arc<Mutex<Shown>>,
}

impl Board {
    /// Exports a measurement.
    ///
    /// # Errors
    /// When the bus connection is gone.
    pub async fn export(
        connection: &Connection,
        desk: Desk,
        passport: Passport,
        shown: Shown,
    ) -> zbus::Result<Self> {
        let shown = Arc::new(Mutex::new(shown));
        let path = path(passport.number);
        let object = Measurement {
            desk,
            number: passport.number,
            uid: passport.uid,
            wish: passport.wish,
            seed: passport.seed,
            started_at: passport.started_at,
            shown: Arc::clone(&shown),
        };
        let server = connection.object_server();
        let _ = server.at(path.as_str(), object).await?;
        let interface = server.interface(path).await?;
        Ok(Self { interface, shown })
    }

    /// Shows the state of now and signals what changed.
    ///
    /// # Errors
    /// When the bus does not take the signals.
    pub async fn show(&self, now: Shown) -> zbus::Result<()> {
        let before = std::mem::replace(&mut *read(&self.shown), now);
        if before == now {
            return Ok(());
        }
        let object = self.interface.get().await;
        let to = self.interface.signal_emitter();
        if before.progress != now.progress {
            object.progress_changed(to).await?;
        }
        if before.result != now.result {
            object.result_changed(to).await?;
        }
        if before.reason != now.reason {
            object.reason_changed(to).await?;
        }
        // Last, so that whoever waits for the end finds the rest there.
        if before.state != now.state {
            object.state_changed(to).await?;
        }
        Ok(())
    }
}

/// Takes a measurement off the bus.
pub async fn withdraw(connection: &Connection, number: u64) {
    let gone = connection
        .object_server()
        .remove::<Measurement, _>(path(number))
        .await;
    if let Err(error) = gone {
        log::warn!("measurement {number} stays on the bus: {error}");
    }
}

fn read(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    // A panic aborts the release build, so a poisoned lock still holds a whole state.
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Measurement {
    async fn ask(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        action: &str,
        touch: Touch,
    ) -> Result<Answer, HelperError> {
        let number = self.number;
        self.desk
            .ask(connection, header, action, Ask::Touch { number, touch })
            .await
    }
}

#[zbus::interface(name = "io.github.evenkeel.Measurement1", introspection_docs = false)]
impl Measurement {
    async fn pause(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        let action = self.wish.action();
        let _ = self.ask(connection, &header, action, Touch::Pause).await?;
        Ok(())
    }

    async fn resume(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        let action = self.wish.action();
        let _ = self.ask(connection, &header, action, Touch::Resume).await?;
        Ok(())
    }

    async fn cancel(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        let action = self.wish.action();
        let _ = self.ask(connection, &header, action, Touch::Cancel).await?;
        Ok(())
    }

    async fn blocks(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<MeasuredBlock>, HelperError> {
        match self
            .ask(connection, &header, action::OBSERVE, Touch::Blocks)
            .await?
        {
            Answer::Blocks(blocks) => Ok(blocks),
            _ => Err(busy()),
        }
    }

    async fn samples(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<MeasuredSample>, HelperError> {
        match self
            .ask(connection, &header, action::OBSERVE, Touch::Samples)
            .await?
        {
            Answer::Samples(samples) => Ok(samples),
            _ => Err(busy()),
        }
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn plan(&self) -> MeasurementPlan {
        self.wish.asked()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn owner(&self) -> u32 {
        self.uid
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn seed(&self) -> u64 {
        self.seed
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn started_at(&self) -> u64 {
        self.started_at
    }

    #[zbus(property)]
    fn state(&self) -> u32 {
        read(&self.shown).state
    }

    #[zbus(property)]
    fn reason(&self) -> u32 {
        read(&self.shown).reason
    }

    #[zbus(property)]
    fn progress(&self) -> MeasurementProgress {
        read(&self.shown).progress
    }

    #[zbus(property)]
    fn result(&self) -> MeasurementResult {
        read(&self.shown).result
    }
}
