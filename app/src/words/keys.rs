//! The names of all sentences. A sentence that is not here cannot be said, and one that is here
//! must be said somewhere; tests hold both languages to it.

macro_rules! keys {
    ($($variant:ident = $name:literal,)+) => {
        /// A sentence of the window.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is documented by its English text")]
        pub enum Key { $($variant,)+ }

        impl Key {
            /// Every sentence.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in the translation files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

keys! {
    NavLive = "nav-live",
    NavTune = "nav-tune",
    HintKeys = "hint-keys",

    KernelStock = "kernel-stock",
    KernelPatched = "kernel-patched",
    InForceSearching = "in-force-searching",
    InForceNoHelper = "in-force-no-helper",
    InForceObserve = "in-force-observe",
    InForceEcmpOff = "in-force-ecmp-off",
    InForceEcmpWarming = "in-force-ecmp-warming",
    InForceEcmpOn = "in-force-ecmp-on",
    InForceSteppedBack = "in-force-stepped-back",
    InForceLowpowerOff = "in-force-lowpower-off",
    InForceLowpowerOn = "in-force-lowpower-on",

    ReasonReady = "reason-ready",
    ReasonNoUplink = "reason-no-uplink",
    ReasonOneUplink = "reason-one-uplink",
    ReasonNoMultipath = "reason-no-multipath",
    ReasonNexthopObjects = "reason-nexthop-objects",
    ReasonTooManyRoutes = "reason-too-many-routes",
    ReasonForeignNexthop = "reason-foreign-nexthop",
    ReasonLowpowerPartial = "reason-lowpower-partial",
    ReasonLowpowerUnreadable = "reason-lowpower-unreadable",
    ReasonKernelUnreadable = "reason-kernel-unreadable",
    ReasonNoDefault = "reason-no-default",
    ReasonForeignDefault = "reason-foreign-default",
    ReasonForeignRules = "reason-foreign-rules",
    ReasonNumbersTaken = "reason-numbers-taken",
    ReasonSameSubnet = "reason-same-subnet",
    ReasonMetricTooSmall = "reason-metric-too-small",
    ReasonUndone = "reason-undone",
    ReasonNotConfirmed = "reason-not-confirmed",
    ReasonUnknown = "reason-unknown",

    GameMode = "game-mode",
    GameOnHere = "game-on-here",
    GameOnKept = "game-on-kept",
    GameOnOther = "game-on-other",
    GameOff = "game-off",
    GameOffKernel = "game-off-kernel",
    GameBusy = "game-busy",
    GameNoHelper = "game-no-helper",

    KindEthernet = "kind-ethernet",
    KindWifi = "kind-wifi",
    KindCellular = "kind-cellular",
    KindTether = "kind-tether",
    CardJitter = "card-jitter",
    CardLoss = "card-loss",
    CardLossShort = "card-loss-short",
    CardShare = "card-share",
    CardShareRoutes = "card-share-routes",
    CardShareKernel = "card-share-kernel",
    CardSteadiest = "card-steadiest",
    CardTcp = "card-tcp",
    StateIdle = "state-idle",
    StateWarming = "state-warming",
    StateDead = "state-dead",
    StateGone = "state-gone",
    NoUplinks = "no-uplinks",

    GraphTitle = "graph-title",
    GraphEmpty = "graph-empty",
    WindowMinutes = "window-minutes",
    Pause = "pause",
    Resume = "resume",
    AxisNow = "axis-now",
    AxisPaused = "axis-paused",
    MarkGameMode = "mark-game-mode",
    MarkLeader = "mark-leader",
    LegendFigures = "legend-figures",
    LegendLost = "legend-lost",
    ReadoutNow = "readout-now",
    ReadoutSeconds = "readout-seconds",
    ReadoutMinutes = "readout-minutes",
    ReadoutLost = "readout-lost",

    SinceTitle = "since-title",
    SinceOff = "since-off",
    SinceWaiting = "since-waiting",
    SinceNothing = "since-nothing",
    SinceSource = "since-source",

    TuneTitle = "tune-title",
    TuneExplain = "tune-explain",
    TuneCalm = "tune-calm",
    TuneSharp = "tune-sharp",
    TuneInForce = "tune-in-force",
    TuneSetting = "tune-setting",
    TuneReaction = "tune-reaction",
    TuneReactionKernel = "tune-reaction-kernel",
    TuneSetsSteering = "tune-sets-steering",
    TuneSetsKernel = "tune-sets-kernel",
    TuneSetsLater = "tune-sets-later",
    TuneReset = "tune-reset",
    Seconds = "seconds",
    Minutes = "minutes",

    CostTitle = "cost-title",
    CostExplain = "cost-explain",
    CostPreferred = "cost-preferred",
    CostNeutral = "cost-neutral",
    CostMild = "cost-mild",
    CostStrong = "cost-strong",
    PowerTitle = "power-title",
    PowerExplain = "power-explain",

    TunablesTitle = "tunables-title",
    TunablesRevert = "tunables-revert",
    TunablesNone = "tunables-none",
    TunableEma = "tunable-ema",
    TunablePower = "tunable-power",
    TunableRoute = "tunable-route",
    TunableChange = "tunable-change",
    TunableIdle = "tunable-idle",
    TunableHeld = "tunable-held",
    TunableSteppedBack = "tunable-stepped-back",
    TunableFailed = "tunable-failed",
    TunableVanished = "tunable-vanished",

    AbsentTitle = "absent-title",
    AbsentNoBus = "absent-no-bus",
    AbsentNotRunning = "absent-not-running",
    AbsentDo = "absent-do",
    AbsentWaiting = "absent-waiting",

    NoticeClose = "notice-close",
    NoticeHelperBack = "notice-helper-back",
    NoticeStillHeld = "notice-still-held",
    NoticeFeed = "notice-feed",
    NoticeNotAuthorized = "notice-not-authorized",
    NoticeOutOfRange = "notice-out-of-range",
    NoticeNotSupported = "notice-not-supported",
    NoticeBusy = "notice-busy",
    NoticeLimits = "notice-limits",
    NoticeConflict = "notice-conflict",
    NoticeKernel = "notice-kernel",
    NoticeUnreachable = "notice-unreachable",
    NoticeOwn = "notice-own",
}
