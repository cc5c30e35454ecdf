//! A measurement as the helper shows it, and calls to it: for tests. Players have `evenkeel measure`.

use std::path::Path;

use evenkeel_dbus::Helper1Proxy;
use evenkeel_dbus::measurement::{
    Measurement1Proxy, MeasurementProgress, MeasurementReason, MeasurementResult, MeasurementState,
};
use zbus::proxy::CacheProperties;

use crate::causes::monotonic_ns;
use crate::error::LabError;
use crate::scene::Scene;

/// What the newest measurement said at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The last part of its path.
    pub number: u64,
    /// Where it is.
    pub state: MeasurementState,
    /// Why it waits or has ended.
    pub reason: MeasurementReason,
    /// How far it is.
    pub progress: MeasurementProgress,
    /// What came out.
    pub result: MeasurementResult,
}

impl Measured {
    /// Milliseconds until the block under way is planned to be over; 0 when none is.
    pub fn block_left_ms(&self) -> u64 {
        self.progress.ends_ns.saturating_sub(monotonic_ns()) / 1_000_000
    }
}

impl Scene {
    /// The newest measurement, read from the bus as root; `None` when there is none.
    ///
    /// # Errors
    /// When the helper is not there.
    pub fn measured(&self) -> Result<Option<Measured>, LabError> {
        let socket = self.bus_socket();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| LabError::io("starting the runtime", error))?;
        runtime
            .block_on(read(&socket))
            .map_err(|error| LabError::Invalid(format!("reading the measurement: {error}")))
    }

    /// Begins a measurement as the player: subject, ifindex, the two arms and the number of pairs;
    /// blocks of a second, a probe every 50 ms.
    ///
    /// # Errors
    /// What the helper said instead.
    pub fn measure(&self, subject: [i64; 5]) -> Result<(), LabError> {
        let [subject, ifindex, a, b, pairs] = subject;
        let numbers = [subject, ifindex, a, b, pairs, 0, 1_000, 0, 50];
        self.must("StartMeasurement", &numbers)
    }

    /// One call of a measurement as a user: `ok`, or the error's name and sentence.
    ///
    /// # Errors
    /// When the call cannot be made at all.
    pub fn touch(&self, user: &str, number: u64, method: &str) -> Result<String, LabError> {
        let number = number.to_string();
        let line = ["evenkeel-lab", "call", "--measurement", &number, method];
        let said = self.lab.command_as(user, line)?.output()?;
        Ok(said.stdout.trim().to_owned())
    }

    /// Waits until the newest measurement is in one of these states, and returns it.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait_for_measured(
        &self,
        what: &str,
        is_it: impl Fn(&Measured) -> bool,
    ) -> Result<Measured, LabError> {
        let mut last = None;
        let waited = self.wait_for(what, || {
            last = self.measured()?;
            Ok(last.as_ref().is_some_and(&is_it))
        });
        match (waited, last) {
            (Ok(()), Some(measured)) => Ok(measured),
            (waited, last) => Err(LabError::Invalid(format!(
                "{waited:?}; last it was {last:?}"
            ))),
        }
    }
}

async fn read(socket: &Path) -> zbus::Result<Option<Measured>> {
    let address = format!("unix:path={}", socket.display());
    let bus = zbus::connection::Builder::address(address.as_str())
        .build()
        .await?;
    let helper = Helper1Proxy::builder(&bus)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let Some(path) = helper.measurements().await?.into_iter().next_back() else {
        return Ok(None);
    };
    let number = path
        .as_str()
        .rsplit('/')
        .next()
        .and_then(|last| last.parse().ok());
    let measurement = Measurement1Proxy::builder(&bus)
        .path(path)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    Ok(Some(Measured {
        number: number.unwrap_or_default(),
        state: MeasurementState::from_wire(measurement.state().await?),
        reason: MeasurementReason::from_wire(measurement.reason().await?),
        progress: measurement.progress().await?,
        result: measurement.result().await?,
    }))
}
