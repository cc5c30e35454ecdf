//! `io.github.evenkeel.Helper1` on the bus: validate, ask polkit, hand on to the actor, in that
//! order. No state of its own, and `&self` throughout, so that a polkit prompt for one caller
//! never holds up another.

use std::ops::RangeInclusive;

use evenkeel_dbus::limits::{EMA_FACTOR, FEED_HZ, POWER_COST, UPLINK_COST};
use evenkeel_dbus::{
    Draining, FamilyInfo, HelperError, Hold, Holder, PlanStep, TunableInfo, UplinkInfo, action,
};
use tokio::sync::{mpsc, oneshot};
use zbus::Connection;
use zbus::message::Header;

use crate::authority;
use crate::idle::Attendance;
use crate::lease::{Caller, Change};
use crate::public::Public;
use crate::request::{Answer, Ask, Request};

/// The exported object.
pub struct Helper {
    requests: mpsc::Sender<Request>,
    public: Public,
    attendance: Attendance,
}

impl Helper {
    /// An object that sends its calls to `requests`, counts them in `attendance` and shows `public`.
    pub fn new(requests: mpsc::Sender<Request>, public: Public, attendance: Attendance) -> Self {
        Self {
            requests,
            public,
            attendance,
        }
    }

    async fn ask(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        action: &str,
        ask: Ask,
    ) -> Result<Answer, HelperError> {
        let _call = self.attendance.begin().ok_or_else(busy)?;
        let caller = tokio::select! {
            caller = admit(connection, header, action) => caller?,
            () = self.attendance.closed() => return Err(busy()),
        };
        let (reply, answer) = oneshot::channel();
        self.requests
            .try_send(Request { caller, ask, reply })
            .map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
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
            .ask(
                connection,
                &header,
                action::OBSERVE,
                Ask::Subscribe { max_hz },
            )
            .await?
        {
            Answer::Feed(socket) => Ok(socket.into()),
            Answer::Done => Err(busy()),
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
        within("weight", weight, &POWER_COST)?;
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
            .ask(connection, &header, action::TUNE, Ask::Revert)
            .await?;
        Ok(())
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

fn busy() -> HelperError {
    HelperError::Busy("the helper is busy or stopping; nothing was changed, try again".into())
}

/// Who asks, once polkit has said yes.
async fn admit(
    connection: &Connection,
    header: &Header<'_>,
    action: &str,
) -> Result<Caller, HelperError> {
    authority::check(connection, header, action).await?;
    identify(connection, header).await
}

/// Who sent the message: its bus name and the user id that the bus daemon vouches for.
async fn identify(connection: &Connection, header: &Header<'_>) -> Result<Caller, HelperError> {
    let unknown = || {
        HelperError::NotAuthorized("the caller cannot be identified; nothing was changed".into())
    };
    let name = header.sender().ok_or_else(unknown)?.to_owned();
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
    let uid = bus
        .get_connection_unix_user(name.clone().into())
        .await
        .map_err(|_| unknown())?;
    Ok(Caller {
        name: name.to_string(),
        uid,
    })
}
