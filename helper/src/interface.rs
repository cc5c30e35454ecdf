//! `io.github.evenkeel.Helper1` on the bus: validate, then ask polkit and hand on to the actor
//! ([`Desk`]), in that order. No state of its own, and `&self` throughout, so that a polkit prompt for one caller
//! never holds up another.

use std::ops::RangeInclusive;

use evenkeel_dbus::limits::{EMA_FACTOR, FEED_HZ, POWER_COST, UPLINK_COST};
use evenkeel_dbus::measurement::MeasurementPlan;
use evenkeel_dbus::{
    Draining, FamilyInfo, HelperError, Hold, Holder, PlanStep, TunableInfo, UplinkInfo, action,
};
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath};

use crate::desk::{Desk, busy};
use crate::kernel::error::DoorError;
use crate::kernel::sysctl::Knob;
use crate::lease::Change;
use crate::measure::wish::Wish;
use crate::public::Public;
use crate::request::{Answer, Ask};

/// The exported object.
pub struct Helper {
    desk: Desk,
    public: Public,
}

impl Helper {
    /// An object that takes its calls to `desk` and shows `public`.
    pub fn new(desk: Desk, public: Public) -> Self {
        Self { desk, public }
    }

    async fn change(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        action: &str,
        change: Change,
        hold: u32,
    ) -> Result<(), HelperError> {
        let kept = match hold {
            0 => Hold::Client,
            1 => Hold::Kept,
            _ => return Err(out_of_range("hold", hold, &(0..=1))),
        } == Hold::Kept;
        let _ = self
            .desk
            .ask(connection, header, action, Ask::Hold { change, kept })
            .await?;
        Ok(())
    }
}

#[zbus::interface(name = "io.github.evenkeel.Helper1", introspection_docs = false)]
impl Helper {
    async fn subscribe(
        &self,
        max_hz: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<zbus::OwnedFd, HelperError> {
        within("max_hz", max_hz, &FEED_HZ)?;
        match self
            .desk
            .ask(
                connection,
                &header,
                action::OBSERVE,
                Ask::Subscribe { max_hz },
            )
            .await?
        {
            Answer::Feed(socket) => Ok(socket.into()),
            _ => Err(busy()),
        }
    }

    async fn set_ema_factor(
        &self,
        factor: u32,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        within("factor", factor, &EMA_FACTOR)?;
        let change = Change::EmaFactor(factor);
        self.change(connection, &header, action::TUNE, change, hold)
            .await
    }

    async fn set_power_cost_weight(
        &self,
        weight: u32,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        if !POWER_COST.contains(&weight) {
            let (knob, value) = (Knob::PowerCost, i64::from(weight));
            return Err(DoorError::OutOfRange { knob, value }.to_contract());
        }
        let change = Change::PowerCost(weight);
        self.change(connection, &header, action::TUNE, change, hold)
            .await
    }

    async fn set_uplink_cost(
        &self,
        ifindex: u32,
        cost: u32,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        within("ifindex", ifindex, &(1..=u32::MAX))?;
        within("cost", cost, &UPLINK_COST)?;
        let change = Change::UplinkCost { ifindex, cost };
        self.change(connection, &header, action::TUNE, change, hold)
            .await
    }

    async fn enter_game_mode(
        &self,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        self.change(
            connection,
            &header,
            action::GAME_MODE,
            Change::GameMode,
            hold,
        )
        .await
    }

    async fn leave_game_mode(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        let ask = Ask::LeaveGameMode;
        let _ = self
            .desk
            .ask(connection, &header, action::GAME_MODE, ask)
            .await?;
        Ok(())
    }

    async fn forget(
        &self,
        ifindex: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        within("ifindex", ifindex, &(1..=u32::MAX))?;
        let _ = self
            .desk
            .ask(connection, &header, action::TUNE, Ask::Forget { ifindex })
            .await?;
        Ok(())
    }

    async fn revert(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), HelperError> {
        let _ = self
            .desk
            .ask(connection, &header, action::TUNE, Ask::Revert)
            .await?;
        Ok(())
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a call carries numbers, not records"
    )]
    async fn start_measurement(
        &self,
        subject: u32,
        ifindex: u32,
        a: u32,
        b: u32,
        pairs: u32,
        first_look: u32,
        block_ms: u32,
        settle_ms: u32,
        period_ms: u32,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<OwnedObjectPath, HelperError> {
        let wish = Wish::new(MeasurementPlan {
            subject,
            ifindex,
            a,
            b,
            pairs,
            first_look,
            block_ms,
            settle_ms,
            period_ms,
        })?;
        let ask = Ask::Measure(wish);
        let action = wish.action();
        match self.desk.ask(connection, &header, action, ask).await? {
            Answer::Measurement(path) => Ok(path),
            _ => Err(busy()),
        }
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        self.public.read().version.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn kernel_release(&self) -> String {
        self.public.read().kernel_release.clone()
    }

    #[zbus(property)]
    fn lowpower(&self) -> u32 {
        self.public.read().lowpower
    }

    #[zbus(property)]
    fn patch_kind(&self) -> u32 {
        self.public.read().patch_kind
    }

    #[zbus(property)]
    fn backend(&self) -> u32 {
        self.public.read().backend
    }

    #[zbus(property)]
    fn backend_reason(&self) -> u32 {
        self.public.read().backend_reason
    }

    #[zbus(property)]
    fn families(&self) -> Vec<FamilyInfo> {
        self.public.read().families.clone()
    }

    #[zbus(property)]
    fn plan(&self) -> Vec<PlanStep> {
        self.public.read().plan.clone()
    }

    #[zbus(property)]
    fn draining(&self) -> Draining {
        self.public.read().draining
    }

    #[zbus(property)]
    fn uplinks(&self) -> Vec<UplinkInfo> {
        self.public.read().uplinks.clone()
    }

    #[zbus(property)]
    fn leader(&self) -> u32 {
        self.public.read().leader
    }

    #[zbus(property)]
    fn ema_factor(&self) -> u32 {
        self.public.read().ema_factor
    }

    #[zbus(property)]
    fn power_cost_weight(&self) -> i32 {
        self.public.read().power_cost_weight
    }

    #[zbus(property)]
    fn game_mode(&self) -> bool {
        self.public.read().game_mode
    }

    #[zbus(property)]
    fn game_mode_holders(&self) -> Vec<Holder> {
        self.public.read().game_mode_holders.clone()
    }

    #[zbus(property)]
    fn sampling(&self) -> bool {
        self.public.read().sampling
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn probe_period_ms(&self) -> u32 {
        self.public.read().probe_period_ms
    }

    #[zbus(property)]
    fn measurements(&self) -> Vec<OwnedObjectPath> {
        self.public.read().measurements.clone()
    }

    #[zbus(property)]
    fn tunables(&self) -> Vec<TunableInfo> {
        self.public.read().tunables.clone()
    }

    #[zbus(property)]
    fn last_error(&self) -> (String, String) {
        self.public.read().last_error.clone()
    }
}

fn within(what: &str, value: u32, range: &RangeInclusive<u32>) -> Result<(), HelperError> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(out_of_range(what, value, range))
    }
}

fn out_of_range(what: &str, value: u32, range: &RangeInclusive<u32>) -> HelperError {
    let (low, high) = (range.start(), range.end());
    HelperError::OutOfRange(format!(
        "{what} is {value}, but must be {low} to {high}; nothing was changed"
    ))
}
