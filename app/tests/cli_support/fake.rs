//! A stand-in for the helper: the contract's members, no kernel, no polkit. It writes down every
//! call and refuses when told to.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "the interface macro wants methods, and hands headers over"
)]

use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use evenkeel_dbus::feed::{Record, encode};
use evenkeel_dbus::{
    BUS_NAME, Draining, FamilyInfo, HelperError, Holder, OBJECT_PATH, PlanStep, TunableInfo,
    UplinkInfo, UplinkKind, UplinkState,
};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socketpair};
use zbus::OwnedObjectPath;
use zbus::message::Header;

/// What the stand-in knows and does.
#[derive(Default)]
pub struct Said {
    /// The calls in order: member, arguments, caller.
    pub calls: Vec<(String, String)>,
    /// Answers every method with this when set.
    pub refuse: Option<HelperError>,
    pub game_mode: bool,
    pub holders: Vec<Holder>,
    pub families: Vec<FamilyInfo>,
    pub plan: Vec<PlanStep>,
    pub draining: Draining,
    /// Set when the stand-in dies, which closes its feeds.
    pub dead: bool,
}

pub struct Fake {
    said: Arc<Mutex<Said>>,
}

impl Fake {
    fn note(&self, call: String, header: &Header<'_>) -> Result<(), HelperError> {
        let mut said = self.said.lock().unwrap();
        said.calls
            .push((call, header.sender().unwrap().to_string()));
        said.refuse.clone().map_or(Ok(()), Err)
    }
}

#[zbus::interface(name = "io.github.evenkeel.Helper1")]
impl Fake {
    fn subscribe(
        &self,
        max_hz: u32,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<zbus::OwnedFd, HelperError> {
        self.note(format!("Subscribe {max_hz}"), &header)?;
        let (near, far) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .unwrap();
        let said = Arc::clone(&self.said);
        thread::spawn(move || {
            for number in 0.. {
                let at_ns = u64::from(number) * 100_000_000;
                let sample = |ifindex, rtt_ns| Record::Sample {
                    ifindex,
                    at_ns,
                    rtt_ns,
                    user_clock: false,
                };
                let records = [sample(3, Some(20_000_000)), sample(4, None)];
                let frame = encode(number, 0, &records);
                let sent = send(far.as_raw_fd(), &frame, MsgFlags::MSG_NOSIGNAL);
                if sent.is_err() || said.lock().unwrap().dead {
                    return;
                }
                thread::sleep(Duration::from_millis(100));
            }
        });
        Ok(near.into())
    }

    fn set_ema_factor(
        &self,
        factor: u32,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), HelperError> {
        self.note(format!("SetEmaFactor {factor} {hold}"), &header)
    }

    fn set_power_cost_weight(
        &self,
        weight: u32,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), HelperError> {
        self.note(format!("SetPowerCostWeight {weight} {hold}"), &header)
    }

    fn set_uplink_cost(
        &self,
        ifindex: u32,
        cost: u32,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), HelperError> {
        self.note(format!("SetUplinkCost {ifindex} {cost} {hold}"), &header)
    }

    fn enter_game_mode(
        &self,
        hold: u32,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<(), HelperError> {
        self.note(format!("EnterGameMode {hold}"), &header)
    }

    fn leave_game_mode(&self, #[zbus(header)] header: Header<'_>) -> Result<(), HelperError> {
        self.note("LeaveGameMode".into(), &header)
    }

    fn forget(&self, ifindex: u32, #[zbus(header)] header: Header<'_>) -> Result<(), HelperError> {
        self.note(format!("Forget {ifindex}"), &header)
    }

    fn revert(&self, #[zbus(header)] header: Header<'_>) -> Result<(), HelperError> {
        self.note("Revert".into(), &header)
    }

    #[zbus(property)]
    fn version(&self) -> String {
        "0.1.0".into()
    }

    #[zbus(property)]
    fn kernel_release(&self) -> String {
        "6.12.0".into()
    }

    #[zbus(property)]
    fn lowpower(&self) -> u32 {
        0
    }

    #[zbus(property)]
    fn backend(&self) -> u32 {
        1
    }

    #[zbus(property)]
    fn backend_reason(&self) -> u32 {
        0
    }

    #[zbus(property)]
    fn families(&self) -> Vec<FamilyInfo> {
        self.said.lock().unwrap().families.clone()
    }

    #[zbus(property)]
    fn plan(&self) -> Vec<PlanStep> {
        self.said.lock().unwrap().plan.clone()
    }

    #[zbus(property)]
    fn draining(&self) -> Draining {
        self.said.lock().unwrap().draining
    }

    #[zbus(property)]
    fn uplinks(&self) -> Vec<UplinkInfo> {
        let uplink = |ifindex, name: &str, kind: UplinkKind| UplinkInfo {
            ifindex,
            name: name.into(),
            kind: kind.to_wire(),
            state: UplinkState::Alive.to_wire(),
            share_permille: 500,
            cost: 100,
            carrier: true,
            ..UplinkInfo::default()
        };
        vec![
            uplink(3, "wifi0", UplinkKind::WiFi),
            uplink(4, "wwan0", UplinkKind::Wwan),
        ]
    }

    #[zbus(property)]
    fn leader(&self) -> u32 {
        3
    }

    #[zbus(property)]
    fn ema_factor(&self) -> u32 {
        512
    }

    #[zbus(property)]
    fn power_cost_weight(&self) -> i32 {
        100
    }

    #[zbus(property)]
    fn game_mode(&self) -> bool {
        self.said.lock().unwrap().game_mode
    }

    #[zbus(property)]
    fn game_mode_holders(&self) -> Vec<Holder> {
        self.said.lock().unwrap().holders.clone()
    }

    #[zbus(property)]
    fn sampling(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn probe_period_ms(&self) -> u32 {
        200
    }

    #[allow(clippy::too_many_arguments, reason = "as the contract has it")]
    fn start_measurement(
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
    ) -> Result<OwnedObjectPath, HelperError> {
        let plan = [
            subject, ifindex, a, b, pairs, first_look, block_ms, settle_ms, period_ms,
        ];
        self.note(format!("StartMeasurement {plan:?}"), &header)?;
        Err(HelperError::NotSupported(
            "the stand-in measures nothing".into(),
        ))
    }

    #[zbus(property)]
    fn measurements(&self) -> Vec<OwnedObjectPath> {
        Vec::new()
    }

    #[zbus(property)]
    fn tunables(&self) -> Vec<TunableInfo> {
        Vec::new()
    }

    #[zbus(property)]
    fn last_error(&self) -> (String, String) {
        (String::new(), String::new())
    }
}

/// The stand-in on a bus, until dropped.
pub struct Helper {
    pub said: Arc<Mutex<Said>>,
    pub connection: zbus::Connection,
    pub runtime: tokio::runtime::Runtime,
}

impl Helper {
    pub fn start(address: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let said = Arc::new(Mutex::new(Said::default()));
        let fake = Fake {
            said: Arc::clone(&said),
        };
        let connection = runtime.block_on(async {
            zbus::connection::Builder::address(address)
                .serve_at(OBJECT_PATH, fake)
                .name(BUS_NAME)
                .build()
                .await
                .unwrap()
        });
        Self {
            said,
            connection,
            runtime,
        }
    }

    /// The calls so far, without the callers.
    pub fn calls(&self) -> Vec<String> {
        self.said
            .lock()
            .unwrap()
            .calls
            .iter()
            .map(|(call, _)| call.clone())
            .collect()
    }

    /// Whether this client is still on the bus.
    pub fn is_there(&self, name: &str) -> bool {
        self.runtime.block_on(async {
            let bus = zbus::fdo::DBusProxy::new(&self.connection).await.unwrap();
            bus.name_has_owner(name.try_into().unwrap()).await.unwrap()
        })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.said.lock().unwrap().dead = true;
    }
}
