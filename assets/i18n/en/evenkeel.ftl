# The window's texts in English. One key per sentence; keys.rs lists them, tests compare.

nav-live = Live
nav-tune = Tune
nav-measure = Measure
nav-spikes = Spikes
nav-settings = Settings
nav-shrink = Shrink
hint-keys = G game mode · P pause · Tab moves

## What is in force
kernel-stock = Stock kernel { $release }
kernel-patched = Patched kernel { $release }
in-force-searching = Looking for the helper…
in-force-no-helper = Without the helper nothing is changed on this machine.
in-force-observe = { $kernel }: watching only, nothing is steered.
in-force-ecmp-off = { $kernel }: watching { $uplinks ->
    [one] one uplink
   *[other] { $uplinks } uplinks
 }. Game mode is off, nothing is steered.
in-force-ecmp-warming = { $kernel }: getting to know { $uplinks ->
    [one] one uplink
   *[other] { $uplinks } uplinks
 }. None is preferred yet.
in-force-ecmp-on = { $kernel }: new { $families } connections take the steadiest of { $uplinks ->
    [one] one uplink
   *[other] { $uplinks } uplinks
 }.
in-force-ecmp-held = { $kernel }: game mode is on, but nothing can be steered now.
families-both = IPv4 and IPv6
family-alone = { $family } is not steered. { $reason }
running-stay = Running connections stay put.
running-unbound = { $families }, on your own route: UDP sockets bound to no address may move, the rest stays.
running-any = { $families }, on your own route: running connections may move unless source rules hold them.
running-unpinned = { $count ->
    [one] One open UDP port
   *[other] { $count } open UDP ports
 } beyond the limit may move.
running-unpinned-only = Running connections stay where they are, except on { $count ->
    [one] one open UDP port
   *[other] { $count } open UDP ports
 } beyond the limit.
draining = { $rules ->
    [one] One rule still keeps
   *[other] { $rules } rules still keep
 } running connections on their uplink, at most { $minutes } min.
in-force-stepped-back = { $kernel }: someone else changed a setting meanwhile. We stepped back; see Tune.
in-force-lowpower-off = { $kernel }: watching. Game mode is off, the kernel keeps its own settings.
in-force-lowpower-on = { $kernel }: it chooses the uplink itself, with sensitivity { $factor }.

## Why it only watches
reason-ready = Everything needed is here.
reason-no-uplink = No interface has a way to the internet.
reason-one-uplink = There is one uplink, so there is no other to prefer.
reason-no-multipath = No route spreads over the uplinks, so there is nothing to weigh.
reason-nexthop-objects = The route is made of nexthop objects, which this version leaves alone.
reason-too-many-routes = There are so many routes that this looks like a router.
reason-foreign-nexthop = A route also leaves by an interface that is no uplink.
reason-lowpower-partial = The kernel has only one of its two lowpower settings.
reason-lowpower-unreadable = The kernel's lowpower settings cannot be read.
reason-kernel-unreadable = The kernel's links or routes cannot be read.
reason-no-default = There is no default route to the internet.
reason-foreign-default = Everything goes through something that is no uplink, a VPN for one.
reason-foreign-rules = Another program has set rules for the routes that would be in the way.
reason-numbers-taken = Another program uses the numbers Evenkeel marks its routes with.
reason-same-subnet = The uplinks are in one network: nothing to choose.
reason-metric-too-small = The system route already comes before everything; none can be put before it.
reason-undone = Another program kept undoing the routes, so Evenkeel stepped back.
reason-not-confirmed = The network stopped answering with the new routes, so they were taken back.
reason-unknown = The helper gives a reason this window does not know yet; update the window.

## Game mode
game-mode = Game mode
game-on-here = On while this window is open
game-on-kept = On until you switch it off
game-on-other = On, held by another program
game-off = Off. Press to use the steadiest uplink
game-off-kernel = Off. Press to use your settings
game-busy = One moment…
game-no-helper = Needs the helper

## Uplink cards
kind-ethernet = Ethernet
kind-wifi = Wi-Fi
kind-cellular = Cellular
kind-tether = Tether
card-jitter = jitter
card-loss = loss, 1 min
card-loss-short = loss
card-share = { $percent } of new connections
card-share-routes = your system decides
card-share-kernel = the kernel decides
card-steadiest = steadiest
card-tcp = measured over TCP
card-metered = metered: new connections avoid it
card-metered-short = metered
card-no-cable = no cable
card-no-link = no link
card-forget = Judge anew
state-idle = not measured
state-warming = warming up
state-dead = no answer
state-gone = silent for 10 s
no-uplinks = No uplink: no interface has a default gateway. Connect one; it shows up here by itself.

## Graph
graph-title = Round trip in ms, { $time }
graph-empty = Waiting for the first answers…
window-minutes = { $minutes } min
pause = Pause
axis-now = now
axis-paused = paused
mark-game-mode = game mode
mark-leader = { $uplink } leads
legend-figures = usual { $p50 } · 99% under { $p99 } · worst { $last }
legend-lost = lost probe
readout-now = now
readout-seconds = { $seconds } s ago
readout-minutes = { $minutes } min { $seconds } s ago
readout-lost = lost

## Live: what happened, why, and how it is spread
card-median = usual
card-p99 = 99% under
card-worst = worst
verdict-listening = Listening to the first probes…
verdict-resting = Nothing is measured right now. What you see is from before.
verdict-calm = Your network is calm.
verdict-calm-one = Your network is calm.
verdict-avoided = Calm where new connections go.
verdict-also = { $trouble }: { $figures }.
verdict-trouble = { $trouble }.
verdict-figures = { $figures }.
verdict-other-calm = { $calm } is calm.
verdict-nothing = No uplink answers: the way to the internet is down.
trouble-silent = { $uplink } does not answer
trouble-loss = { $uplink } is losing packets
trouble-slow = { $uplink } is slow
trouble-unsteady = { $uplink } is unsteady
trouble-jumps = { $uplink } is jumping
trouble-lost = { $loss } lost, { $jitter } jitter
trouble-rtt = { $rtt } round trip
trouble-jitter = { $jitter } jitter, { $loss } lost
shape-line = Over time
shape-bars = How often
shape-curve = How soon
now = Now
title-last = last { $minutes } min
title-held = paused
title-from-to = { $from } – { $to }
graph-title-bars = How often each round trip came, { $time }
graph-title-curve = Share answered within a time, { $time }
spread-empty = Nothing was answered in this time, so there is nothing to spread out.
mark-before = before: usual { $p50 } · 99% under { $p99 } ms
mark-percentiles = usual { $p50 } · 95% ≤ { $p95 } · 99% ≤ { $p99 } ms
legend-brief = 99% under { $p99 }
legend-spread = usual { $p50 } · 95% under { $last } · 99% under { $p99 }
axis-beyond = { $value } and more
readout-hours = { $hours } h { $minutes } min ago
readout-nothing = nothing was measured
readout-lost-share = { $percent } lost
legend-estimated = about { $figures }
readout-some-lost = { $count } lost
readout-within = within { $value } ms
readout-band = { $from } to { $to } ms
readout-band-above = { $from } ms and more
event-came = { $uplink } appeared
event-left = { $uplink } went away
event-carrier-lost = { $uplink }: link lost
event-carrier-back = { $uplink }: link is back
event-silent = { $uplink } stopped answering
event-answers = { $uplink } answers again
event-helper-lost = the helper stopped
event-helper-back = the helper is back
event-slept = slept for { $time }
event-some-uplink = An uplink
cause-leader = { $uplink } took the lead
cause-no-leader = no uplink leads from here on
cause-game-on = game mode switched on
cause-game-off = game mode switched off
cause-all-lost = every uplink lost it: not one link alone
cause-only-lost = only { $uplink } lost it
cause-all-slow = all were slow at once: not one link alone
cause-only-slow = only { $uplink } was slow
cause-alone = no second uplink to compare with

## Since game mode
since-title = Since game mode
since-off = Switch game mode on, and see here what it changes.
since-waiting = Comparing. This takes a minute.
since-nothing = No measurable difference so far.
since-source = Average uplink → the one in use

## Tune
tune-title = Sensitivity
tune-explain = Higher leaves an unsteady uplink sooner, but changes more often.
tune-calm = calm: changes seldom
tune-sharp = sharp: changes at once
tune-default = default { $value }
tune-mark = in force { $value }
tune-in-force = In force: { $value }
tune-choosing = { $value } will be set when you let go.
tune-asking = Asking the helper for { $value }…
tune-refused = { $reason } Still in force: { $value }.
tune-stood-back = Another program has set { $value }. It was left alone.
tune-undo = Undo
tune-undo-what = Undo: { $what } { $value }
tune-what-ema = sensitivity
tune-what-power = power cost
tune-what-cost = { $uplink } cost
tune-reaction-kernel = How fast the kernel reacts depends on the traffic itself; there is no measured figure for it.
tune-sets-steering = Sets Evenkeel's own steering, while this window is open.
tune-sets-steering-off = Sets Evenkeel's own steering, while this window is open. It steers in game mode, which is off now.
tune-sets-kernel = Sets the kernel's net.ipv4.lowpower_ema_k_factor, while this window is open.
tune-sets-later = Nothing can be steered here now. The value waits for it while this window is open.
tune-reset = Back to { $value }
seconds = { $seconds } s
minutes = { $minutes } min

## Preview
preview-title = The last { $minutes } min, as { $value } sees them
preview-axis = How unsteady each uplink looked, in ms. New connections take the lowest line once it is clearly lower.
preview-axis-one = How unsteady the uplink looked, in ms.
preview-axis-kernel = Round trips in ms, smoothed by the kernel's own formula: an estimate.
preview-legend = Faint: as measured. Line: smoothed by this setting.
preview-legend-both = Faint: as measured. Line: with { $new }. Dashes: with { $old }, in force.
preview-legend-bars = Bar: where new connections would have gone.
preview-new = new
preview-in-force = in force
preview-empty = Nothing was measured yet. The preview appears with the first answers.
preview-single = There is one uplink, so there is nothing to change to.
preview-kernel = Which uplink the kernel will take cannot be foretold: it judges by the traffic it sends, not by round trips.
reacts-title = Leaves an unsteady uplink
reacts-after = after about { $jitter }
reacts-beside = at 20 ms jitter; { $loss } at 20% loss
often-title = Changes the uplink
often-counted = { $changes ->
    [0] not once in { $minutes } min
    [one] once in { $minutes } min
   *[other] { $changes } times in { $minutes } min
 }
often-hourly = about { $hourly } times an hour
often-short = two minutes of probes are needed
often-not-hourly = too short to tell by the hour
often-in-force = in force: { $changes ->
    [0] never
    [one] once
   *[other] { $changes } times
 }
met-title = 99 of 100 answers within
met-in-force = in force: { $ms }
met-lost = { $percent } lost
met-beside = estimated from probes

cost-title = Cost per uplink
cost-explain = Above 100 an uplink must be that much steadier to be used.
cost-preferred = preferred, unless another is clearly steadier
cost-neutral = neutral: used when it is the steadiest
cost-mild = used only when clearly steadier
cost-strong = used only when twice as steady
cost-last = a last resort
cost-metered = It is metered: traffic may cost money.
cost-set = set by hand
power-title = Power cost weight
power-says = The kernel multiplies what it measures on every path by this. All paths change alike, so between IPv4 paths only 0 makes a difference: then nothing measured counts.
power-explain = Sets net.ipv4.lowpower_power_cost_weight, 0 to 10000; the default is 100. Beyond that, IPv6 addresses can become unreachable.
power-says-ours = The kernel multiplies each path's load and variability by this before it compares them. The higher it is, the smaller a difference already counts; at 0 none does.
power-outside = Someone else set { $value }. Outside 0 to 10000 IPv6 addresses can become unreachable, so Evenkeel neither changes nor restores it. This does: sudo sysctl -w net.ipv4.lowpower_power_cost_weight=100

kernel-title = What this kernel does
kernel-try = Try it out
kernel-again = Try again
kernel-trying = Trying it out, sealed off from everything else. That takes a few seconds…
kernel-untried = Not tried out yet.
kernel-no-effect = On ordinary network cards its settings have no effect: new connections are spread as on a stock kernel.
kernel-first-only = On ordinary network cards every new connection takes the route's first path, whatever the load.
kernel-busy-wins = On ordinary network cards new connections gather on the busy path.
kernel-steady-wins = On ordinary network cards new connections take the steadier, less loaded path.
kernel-unclear = It was tried out, but it could not be told what it does.
kernel-keeping-busy = Only on special devices (loopback, some tunnels) they gather on the busy path.
kernel-keeping-steady = Only on special devices (loopback, some tunnels) they take the steadier path.
kernel-flatpak = It could not be tried out: a Flatpak may not. An Evenkeel that was installed otherwise can.
kernel-forbidden = It could not be tried out: this system does not let its users. In a terminal this can: { $command }
kernel-broken = It could not be tried out.
kernel-original = The original lowpower patch. It is experimental and may look at packets that are gone already.
kernel-ours = Evenkeel's own lowpower patch. It is experimental.
kernel-ours-busy = Evenkeel's own lowpower patch, set to prefer the busy path for comparison. It is experimental.
kernel-measured = Measured here, { $what }: { $verdict }.
kernel-unmeasured = Whether it helps your ping was not measured here yet. The Measure screen can.
kernel-figures = { $load } kB/s, varies by { $variability } kB/s
kernel-figures-told = The kernel's own figures, by which it compares the paths.
kernel-figures-estimated = Estimated from what each connection sends; the kernel itself may see less of it.

tunables-title = What is changed on this machine
tunables-revert = Put everything back
tunables-draining = “Put everything back” ends that now; connections that need them break.
tunables-none = Nothing. Everything is as it was found.
tunable-ema = Kernel sensitivity
tunable-power = Kernel power cost
tunable-own = Evenkeel’s routes, { $family }
tunable-route = Your own route, { $route }
tunables-how = All of it is put back by itself when game mode ends or this window closes.
tunable-does-ema = How quickly the kernel's averages follow the traffic.
tunable-does-power = What the kernel multiplies every path's measurement by.
tunable-does-route = How new connections are spread over your uplinks.
tunable-does-own = Leads new connections to the steadiest uplink and keeps running ones where they are.
tunable-value = now { $current }
tunable-change = was { $original }, now { $current }
tunable-idle = untouched
tunable-held = held, will be put back
tunable-stepped-back = changed by someone else, left alone
tunable-failed = refused by the kernel
tunable-vanished = no longer there

## No helper
absent-no-bus = The system bus does not answer, so the helper cannot be reached.
absent-not-running = The helper is not running.
absent-not-installed = The helper is not installed.
absent-torn = Parts of the helper are gone.
absent-silent = The helper does not answer.
absent-package = Game mode and tuning need it. In the folder of Evenkeel's package, this installs it:
absent-bundle = Game mode and tuning need it. In the folder of Evenkeel's unpacked bundle, this installs it:
absent-source = Game mode and tuning need it. In the folder of Evenkeel's source, this installs it:
absent-mend = A system update took them away. This puts them back:
absent-start = Game mode and tuning need it. This starts it:
absent-restart = Game mode and tuning need it. This starts it anew:
absent-lost-helps = Your graphs stay as they are, and it is looked for all the time. This brings it back:
absent-alone = Game mode and tuning need it.
absent-lost = Your graphs stay as they are. It is looked for all the time; you need not do anything.
absent-tune = Tuning needs the helper
absent-waiting = The helper is noticed by itself as soon as it runs.

## Notices
notice-close = Close
notice-helper-back = The helper was restarted. Game mode and settings held by this window have ended; switch them on again.
notice-still-held = Game mode stays on: another program holds it too.
notice-feed = The live measurements broke off. Trying again.
notice-not-authorized = Not allowed in this session. Nothing was changed.
notice-out-of-range = That value is out of range, or the uplink is gone. Nothing was changed.
notice-not-supported = This machine cannot do that. Nothing was changed.
notice-busy = The helper is busy. Nothing was changed; try again.
notice-limits = Too many programs are connected to the helper. Nothing was changed; close one and try again.
notice-conflict = Another program is changing the routes. They were left alone; try again in a moment.
notice-kernel = The kernel refused.
notice-bus = The system bus did not let that through. Nothing was changed.
notice-uplink-gone = That uplink is gone. Nothing was changed.
notice-no-power = This kernel has no power cost weight; set the cost of an uplink instead.
notice-measuring = Something is being measured already. Nothing was changed; wait for its end, or cancel it.
notice-game-mode-held = Game mode is on, so it cannot be measured against off. Nothing was changed; switch it off and try again.
notice-not-measurable = That cannot be measured here. Nothing was changed.
notice-measurement-gone = That measurement has ended or is gone. Nothing was changed.
notice-still-measuring = It is still being measured. Its figures come at the end, for looking early raises false alarms.
notice-resilient = With resilient groups new connections follow only after seconds, too late for short blocks.
notice-unreachable = The helper did not answer. Trying to reach it again.
notice-own = The helper reports a problem.
notice-settings = Your settings could not be used as they are. Defaults stand in for them, and the file stays untouched until you change a setting.
notice-unsaved = Your choice could not be saved. It holds until the window closes.

## What the helper says in its own words
helper-said = The helper says: { $said }
detail-same-subnet = { $one } and { $other } are in the same network.
tunable-put-back = someone else put its original value back

## Numbers with their units
unit-percent = { $value }%
unit-milliseconds = { $value } ms
unit-ms = ms

## Spikes
spikes-hour = { $count ->
    [one] One spike
   *[other] { $count } spikes
} in the last hour: { $parts }.
spikes-hour-none = No spike in the last hour.
spikes-part = { $count } { $who }
among-device = this device
among-wifi = Wi-Fi
among-line = router or line
among-internet = internet
among-unknown = unknown
spikes-none = No spike so far
spikes-watched-for = Watched for { $time }, and nothing stood out.
spikes-what = When the ping jumps, it shows here two seconds later: whether it came from this device, the Wi-Fi, the router or the internet, and what speaks for it.
spikes-watched = Evenkeel looks out for spikes while this list or a graph shows, and while game mode is on.
spikes-alone = Without the helper, this window looks out by itself, and only while this list or a graph shows. It can blame the same causes, as long as the router answers its pings.
spikes-lost = The helper is gone; what it told of stays. Until it is back, this window looks out by itself.
spikes-all = All
spikes-more = Show { $count } older
spike-worst = { $worst }, usually { $usual }
spike-worst-lost = { $worst }, { $count } lost
spike-lost = { $count } lost, no answer
spike-stood = stood still for { $time }
spike-machine = the whole machine
spike-former = a former uplink
spike-one-probe = one probe
spike-length = { $seconds } s
spike-probes = { $count } of { $sent } probes stood out
spike-back = Back to the list
spike-seen = What was seen
spike-advice = What you can do
spike-rule = Rule: { $rule }
spike-no-graph = This window did not measure at that moment, so there is no graph of it.
blamed-brief = { $who }: { $rule }

who-device = This device
who-wifi = Wi-Fi
who-line = Router or line
who-internet = Internet
who-unknown = Unknown

rule-stalled = programs stood still
rule-switched-off = switched off here
rule-disconnected = connection ended
rule-roamed = another access point
rule-carrier-lost = link lost
rule-own-queue = own queue was full
rule-receive-queue-full = receive queue overflowed
rule-starved = too busy for the network
rule-everywhere-at-once = every uplink at once
rule-scanned = a scan was under way
rule-channel-switched = channel changed
rule-retried = sent again over the air
rule-weak-signal = weak signal
rule-link-errors = damaged frames
rule-line-full = filled by this machine
rule-near = slow up to the router
rule-beyond = slow behind the router
rule-unexplained = nothing speaks clearly

why-stalled = Programs here were held up, and the network showed nothing. A game stutters then on a good network.
why-switched-off = Something on this machine switched the interface off.
why-disconnected = The Wi-Fi connection ended and had to be made anew.
why-roamed = The Wi-Fi changed to another access point, which takes a moment.
why-carrier-lost = The link itself was gone for a moment.
why-own-queue = Packets waited in this machine's own queue before they left.
why-receive-queue-full = Packets had come, but this machine's queue for them was full.
why-starved = The processor had no time for the network.
why-everywhere-at-once = Every uplink was slow up to its own router. What they share is this machine.
why-scanned = While a Wi-Fi scan listens on other channels, packets have to wait.
why-channel-switched = The access point moved to another channel.
why-retried = Frames got lost in the air and had to be sent again.
why-weak-signal = The Wi-Fi signal was weak, so packets took longer.
why-link-errors = Frames were damaged on the way to the router.
why-line-full = What this machine sent or received filled the line, and the game's packets had to wait in it.
why-near = It was slow already on the way to the router, the router included, and nothing else was seen.
why-beyond = Up to the router all was well. What was slow lies behind it: the line or the internet.
why-unexplained = What was seen does not say whose fault it was, and Evenkeel does not guess.

seen-usually = { $fact } (usually { $usual })
seen-switched-off = The interface was switched off on this machine
seen-carrier-lost = The link was lost
seen-disconnects = The Wi-Fi connection ended
seen-roams = Another access point took over
seen-channel-switches = The Wi-Fi channel changed
seen-scans = A Wi-Fi scan was under way
seen-beacon-losses = The access point was not heard for a moment
seen-late = Programs were woken up { $time } late
seen-softnet-dropped = Packets dropped on arrival: { $count }
seen-own-queue = A probe waited { $time } in this machine's own queue
seen-backlog = { $size } kB waited to be sent
seen-queue-drops = Packets dropped by this machine's queue: { $count }
seen-rx-errors = Damaged frames received: { $count }
seen-tx-errors = Frames that could not be sent: { $count }
seen-tx-dropped = Frames dropped before they were sent: { $count }
seen-radio-failed = Wi-Fi frames given up after all tries: { $count }
seen-retries = { $percent } of the Wi-Fi frames had to be sent again
seen-signal = Wi-Fi signal { $signal }
seen-cpu-stall = Programs waited for the processor { $percent } of the time
seen-io-stall = Everything waited for a disk { $percent } of the time
seen-memory-stall = Everything waited for memory { $percent } of the time
seen-throttles = The processor was slowed down for heat
seen-softnet-squeezed = Receiving was cut short, for there was too much else to do
seen-route-changes = A default route changed
seen-address-changes = An address of the uplink changed
seen-sent = This machine sent { $rate }
seen-received = This machine received { $rate }
seen-gateway-lost = The router left { $count } of { $sent } probes unanswered
seen-gateway-share = The router was already slow: it showed { $percent } of the delay
seen-gateway-calm = The router answered as usual
seen-gateway-silent = The router does not answer pings, so near and far cannot be told apart
seen-others-calm = { $all ->
    [one] The other uplink was calm meanwhile
   *[other] The { $all } other uplinks were calm meanwhile
}
seen-others-hit = { $count } of { $all } other uplinks had a spike, too
unit-mbit = { $value } Mbit/s
unit-dbm = { $value } dBm

advice-device = Close what works in the background, and keep the machine cool and on its power supply.
advice-switched-off = Look for a key, a switch or a program that turns the network off.
advice-full = Pause uploads and downloads on this machine while you play, or limit their speed.
advice-scan = Close lists of Wi-Fi networks while you play: each look around costs a moment.
advice-wifi = Play nearer to the access point or on 5 or 6 GHz. A cable is steadier than any Wi-Fi.
advice-cable = Check the plugs, and try another cable or another port of the router.
advice-line = If it comes back: see what else uses the router at that time, and start the router anew.
advice-internet = Nothing on this machine helps against it. With a second uplink, game mode can avoid it; if it comes every evening, ask your provider.
advice-unknown = One of these is no reason to worry. If there are many, note when they come and what else runs then.

game-line-silent = { $game } has no connection to another machine.
game-line-unknown = { $game } plays over UDP and keeps to itself with whom, so its ping cannot be known from outside.
game-line-waiting = { $game } plays with { $peer } over UDP. Asking how far that is…
game-line-mute = { $game } plays with { $peer } over UDP. That server answers no pings, so the game's ping cannot be known.
game-line-now = { $rtt } now
game-line-jitter = { $jitter } jitter
game-line-lost = { $percent } lost
game-line-again = { $count } sent again
game-line-udp = UDP, asked by ping
game-line-tcp = TCP, as the kernel measures it

## Measure
measure-absent = Measuring needs the helper
measure-absent-hint = Without it, Live shows how steady each uplink is, but nothing can be switched to compare.
measure-ask-game = Does game mode help here?
measure-ask-ema = Which sensitivity is steadier here?
measure-ask-uplinks = Which uplink is steadier?
measure-ask-setting = Does this setting help here?
measure-how = Both take turns, every few seconds and in an order drawn by lot, so that a bad minute hits both. The verdict comes at the end, in one sentence.
measure-start = Start measuring
measure-takes = It takes { $from } to { $to } minutes. You can keep playing, or close this window.
measure-short = Short
measure-usual = Usual
measure-long = Long
measure-sees-short = Few pairs: shows only a coarse difference.
measure-sees-usual = When spikes become half as large, about four of five such tests find it.
measure-sees-long = Twice as many pairs: shows smaller differences too.
measure-does-game = Meanwhile game mode goes on and off: new connections change uplinks for seconds, running ones stay where they are. Everything is put back afterwards.
measure-does-game-moves = Meanwhile game mode goes on and off: new connections change uplinks for seconds, and with the route of your own that is used here running ones may move too. Everything is put back afterwards.
measure-does-setting = Meanwhile game mode is on, and the setting changes in turns: new connections may take another uplink. Everything is put back afterwards.
measure-does-kernel = Meanwhile the kernel’s setting changes in turns. It is put back afterwards.
measure-does-uplinks = Nothing is changed: each uplink is only asked.
measure-does-probes = About ten tiny probes a second go out over the uplink that is measured.
measure-goes-on = It goes on when this window closes, and shows again when it opens.
measure-foreign = Another user of this machine is measuring. One at a time; try again when that is over.
measure-others = Something else can be compared here; see the list.
measure-nothing = Live shows how steady the connection is, and Spikes whose fault a spike was.
measure-nothing-title = There is nothing to compare here now
measure-offers = What to compare
measure-offer-game = Game mode off and on
measure-offer-ema = Two sensitivities
measure-offer-uplinks = Two uplinks
measure-offer-setting = One setting off and on
measure-not-game-mode-on = Game mode is on. Switch it off, then it can be measured against off.
measure-not-kernel = On this kernel game mode changes nothing by itself. Compare two sensitivities instead.
measure-not-one-uplink = There is only one uplink.
measure-arm-a = A: what there was
measure-arm-b = B: what may be better
measure-setting = Setting
measure-value = Its value
measure-arm-game-on = game mode on
measure-arm-game-off = game mode off
measure-arm-ema = sensitivity { $value }
measure-arm-ema-off = sensitivity as it was
measure-arm-power = power cost { $value }
measure-arm-power-off = power cost as it was
measure-arm-cost = { $uplink } cost { $value }
measure-arm-cost-off = { $uplink } cost as it was
measure-versus = { $a } / { $b }
measure-in-force = A measurement is under way: it switches settings in turns and puts everything back.
measure-badge-warming = warming up
measure-badge-runs = measuring
measure-badge-paused = paused
measure-badge-waits = waiting
measure-left = left at most
measure-pairs = { $done } of { $pairs } pairs are done.
measure-first-look = The first look comes after { $pairs } pairs, in { $time }. A clear difference ends it there.
measure-look-first = first look
measure-look-last = end
measure-now = Now: { $arm }
measure-between = Switching…
measure-warming = The uplinks are asked first; nothing is changed yet.
measure-interrupted = { $count ->
    [one] One pair had to begin anew: this machine slept, was paused, or was too busy to ask in time.
   *[other] { $count } pairs had to begin anew: this machine slept, was paused, or was too busy to ask in time.
 }
measure-pause = Pause
measure-resume = Go on
measure-cancel = Cancel
measure-cancel-hint = Both put everything back at once. A pair that is cut short begins anew.
measure-no-peeking = Nothing of the outcome shows before a look: who stops when it looks good is wrong one time in five.
measure-why-none = It goes on.
measure-why-asked = You paused it. Everything is put back until it goes on.
measure-why-game-mode = Somebody holds game mode, so it cannot be switched off in turns. It goes on when they leave it.
measure-why-uplinks = An uplink came, went or got another gateway. It goes on when all is as it was.
measure-why-setting = Somebody changed a setting meanwhile that both sides share.
measure-why-stepped-back = Another program undid our routes, or the network stopped answering through them.
measure-why-refused = The kernel refused a change.
measure-why-no-answers = No probe was answered.
measure-why-too-long = It was paused for more than an hour.
measure-why-interrupted = It was interrupted again and again: this machine slept or was too busy to ask in time.
measure-why-unknown = The helper gives a reason that this window does not know yet. Update the window.
measure-better = Better: { $b } is steadier than { $a }.
measure-worse = Worse: { $b } is less steady than { $a }.
measure-no-difference = No difference shown between { $a } and { $b }.
measure-cancelled = Cancelled: there is no verdict.
measure-no-verdict = There is no verdict.
measure-all-before = Everything is as it was before.
measure-lost = The helper went away, and the measurement with it.
measure-change = An unlucky packet’s extra delay (p95 − median) was { $change } with { $b }.
measure-interval = Likely range of the true change: { $low } to { $high } (95% interval).
measure-rests = { $pairs } pairs; if nothing differed, chance would do as much in { $chance } of 1,000 such tests.
measure-rests-rare = { $pairs } pairs; if nothing differed, chance would do as much in less than one of 1,000 such tests.
measure-sees = That does not prove that there is none. Four of five such tests find a change of { $less } or { $more }; anything smaller is easily missed.
measure-blind = That does not prove that there is none: so few pairs show only the coarsest difference.
measure-times = { $times } times as much
measure-more = { $percent } more
measure-less = { $percent } less
measure-same = the same
measure-tail = p99 of { $b } is { $ratio } times that of { $a } (95 of 100 resamplings: { $low } to { $high }; answered probes only). This describes; it is not the verdict.
measure-ways = Blocks by the uplink that a new connection took. A: { $a }. B: { $b }.
measure-elsewhere = elsewhere
measure-is-off = It is not in force now, so there is nothing to switch off.
measure-advice = It did not help here, so you can do without it.
measure-game-off = Switch game mode off
measure-game-on = Switch game mode on
measure-setting-off = Switch this setting off
measure-again = Measure again
measure-save = Save
measure-save-hint = CSV and JSON hold every probe and go to your documents; SVG and PNG hold the graphs and go to your pictures.
measure-saving = Saving…
measure-saved = Saved: { $path }
measure-not-saved = Not saved. { $why }
measure-graph-curve = Curve
measure-graph-bars = Bars
measure-graph-tail = Slowest
measure-fetching = Fetching the figures…
measure-no-probes = There are no probes to make figures and graphs of.
measure-earlier = Earlier results
measure-trouble = Not all results could be kept or read. { $why }
measure-began = { $month }/{ $day } { $time }
measure-word-better = better
measure-word-worse = worse
measure-word-same = no difference shown
measure-word-cancelled = cancelled
measure-word-none = no verdict

## Settings
settings-title = This window
settings-language = Language
settings-language-hint = “System” follows your desktop.
settings-theme = Colours
settings-theme-hint = “System” follows your desktop.
settings-text = Size
settings-text-hint = How large texts and buttons are.
settings-refresh = Graph updates per second
settings-refresh-hint = While you look at it. Fewer save battery.
settings-target = Address to measure against
settings-target-hint = While there is no helper. With one, /etc/evenkeel/evenkeeld.toml decides.
settings-target-no-address = “{ $text }” is no address like 1.1.1.1. { $kept } is still used.
settings-target-unfit = Nobody answers from { $text } over an uplink. { $kept } is still used.
settings-notify = Notifications
settings-notify-hint = A short message when something needs you while you play.
settings-close = Closing the window
settings-close-hint = What becomes of game mode then.
choice-system = System
choice-off = Off
choice-on = On
language-english = English
language-korean = 한국어
theme-dark = Dark
theme-light = Light
theme-contrast = High contrast
close-ask = Ask
close-keep = Keep it on
close-end = Switch it off

facts-title = What is installed
fact-app = Evenkeel
fact-helper = Helper (evenkeeld)
fact-helper-runs = { $version }, running
fact-helper-absent = Not installed or not running.
fact-helper-needed = Game mode and tuning need it.
fact-helper-differs = Another version than this window's; update both.
fact-kernel = Kernel
fact-linux = Linux { $release }
fact-kernel-stock = Without the lowpower patch; it is not needed.
fact-kernel-patched = With the lowpower patch
fact-ability = What it can do here
ability-alone = Watch; change nothing
ability-ecmp = Send new connections to the steadiest uplink
ability-lowpower = Set how the kernel chooses the uplink
ability-observe = Watch; there is nothing to steer
fact-file = Settings file
fact-no-file = No home folder: settings are not kept
config-unreadable = It cannot be read beyond line { $line }, column { $column }.
config-too-large = It is too large to be a settings file.
config-unopened = It cannot be opened: { $said }
config-values = It holds something that is not offered for: { $names }

## First start
welcome-title = Evenkeel keeps your ping level
welcome-measures = It measures how quickly and how steadily each of your internet connections answers, and draws it.
welcome-steers = With two or more, game mode sends whatever connects from then on over the steadiest one.
welcome-undoes = Switch it off, and everything is put back exactly as it was.
welcome-found = Found on this machine
welcome-uplinks = Internet connections
welcome-no-uplinks = None yet; connect one and it shows up
welcome-looking = Looking for your connections…
welcome-no-helper = You can watch without it.
welcome-will = It will
welcome-wont = It won’t
welcome-will-probe = send a few tiny probes a second over each connection, while you watch or play
welcome-will-route = change routes, or a patched kernel’s two settings, only when you say so
welcome-wont-move = move running connections, unless a route of your own does
welcome-wont-touch = touch DNS, firewall or Wi-Fi, or send anything about you
welcome-go = Show me my connections

## Strip
strip-on = on
strip-off = off
strip-no-helper = no helper
strip-nothing = No connection

## A gamepad's buttons
pad-press = Press
pad-back = Back
pad-pause = Pause
pad-game-mode = Game mode
pad-places = Places
pad-read-out = Along the graph

## Closing the window in game mode
question-title = Keep game mode on?
question-explain = This window holds game mode. Closed, it can leave game mode on in the background or end it.
question-later = Kept on, it stays until you press the switch here again, run “{ $command }”, or restart the computer.
question-keep = Keep it on and close
question-end = End it and close
question-stay = Don’t close
question-remember = Don’t ask again

## Notifications
note-ended = Game mode has ended
note-ended-body = It was not ended in this window. New connections take the system’s own route.
note-died = { $uplink } stopped answering
note-back = { $uplink } answers again
note-leads = { $uplink } is the steadiest uplink now
note-leads-body = New connections go there.

## Table and graphs of recordings
table-unit = in ms
table-sent = probes
table-lost = lost
table-min = min
table-mean = average
table-median = median
table-p95 = p95
table-p99 = p99
table-max = max
table-stdev = stdev
table-over = over { $value }
table-ratio = p99 of “{ $after }” is { $ratio } times that of “{ $before }” ({ $low } to { $high } in 95 of 100 redraws). This describes these recordings.
table-before-after = One recording after the other proves nothing: where nothing had changed, such an interval still claimed a difference in 41 of 100 comparisons, at worst in 92. Only taking turns can tell: evenkeel measure
table-no-times = { $name }: it does not say when probes were sent; one a second is assumed.
table-averages = { $name }: mtr keeps averages only, so there are no percentiles and no graph.
table-left-out = { $name }: this file has its rates and no single round trips, so it is left out.
table-few = With fewer than 100 answers p99 is little more than the slowest one.
graph-cdf = Answered within (CDF)
graph-histogram = How often (histogram)
graph-tail = The slowest, enlarged
graph-rtt = Round trip in ms
graph-seconds = Seconds since the beginning
graph-more = last bar: { $value } ms and more
graph-lost-of = { $lost } of { $sent } lost

## Report
report-title = Evenkeel report
report-made = { $time } · Evenkeel { $version }
report-machine = This machine
report-system = System
report-no-uplinks = None is known here.
report-figures = Figures
report-graphs = Graphs
report-live = { $seconds } s of probes, all connections at once
report-alone = { $seconds } s of probes of { $target }, without the helper
report-files = From recordings: { $names }
report-measured = Both took turns in blocks of { $seconds } s, in an order drawn by lot, from { $time } on.
report-no-samples = Nothing was measured: neither the helper nor { $target } answers.
report-doctor = Installation
report-hidden = Private and own addresses, hardware addresses, and the names of this computer, its users and its Wi-Fi networks were taken out of this page.
report-open = Addresses and names were left in this page on request.
report-written = { $path } is written. Look at it before you post it.
report-address = [address { $number }]
report-hardware = [hardware address]
report-computer = [computer]
report-user = [user]
report-network = [Wi-Fi network]
