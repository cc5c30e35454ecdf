//! Brings everything together: takes the outcomes of probes from whoever sends them, looks at the
//! kernel beside them, and hands out finished spikes. What is a spike and whose fault it is, is
//! decided in the core; when to probe is decided by the caller.
//!
//! What it costs: without uplinks nothing is open. With them, one reading of the counters a second,
//! and one each beat while a spike goes on; one look at a Wi-Fi station's counters in five seconds;
//! and nothing for events that do not happen.

use std::fs;
use std::io;

use evenkeel_core::blame::{Event, Observer, Radio, Spike, Watched};
use tokio::task::JoinHandle;

use crate::clock::monotonic_ns;
use crate::counters::{Counters, Interface, Roots};
use crate::gateways::Outcome;
use crate::links::LinkEvents;
use crate::radio::{RadioEvents, Stations};

/// Between two readings of the counters while nothing happens, in nanoseconds.
const READ_NS: u64 = 1_000_000_000;
/// Between two readings of a Wi-Fi station's counters; some drivers ask their firmware.
const RADIO_NS: u64 = 5_000_000_000;
/// The same while a spike goes on.
const RADIO_SPIKE_NS: u64 = 1_000_000_000;
/// Timers are no more exact than this.
const SLACK_NS: u64 = 50_000_000;

type Heard = Vec<(u32, Option<Radio>)>;

/// See the module.
#[derive(Debug, Default)]
pub struct Witness {
    roots: Roots,
    observer: Observer,
    watched: Vec<Watched>,
    interfaces: Vec<Interface>,
    counters: Option<Counters>,
    links: Option<LinkEvents>,
    radio: Option<RadioEvents>,
    /// The counters of Wi-Fi stations, being read.
    stations: Option<JoinHandle<Heard>>,
    read_ns: u64,
    radio_ns: u64,
}

impl Witness {
    /// A witness that finds the kernel's files elsewhere.
    pub fn at(roots: Roots) -> Self {
        Self {
            roots,
            ..Self::default()
        }
    }

    /// Watches these uplinks from now on; what is known of those that stay is kept. Without any,
    /// everything is closed. Needs a tokio runtime around it.
    pub fn follow(&mut self, uplinks: &[Watched]) {
        if self.watched == uplinks && (uplinks.is_empty() || self.links.is_some()) {
            return;
        }
        self.observer.follow(uplinks);
        self.watched = uplinks.to_vec();
        if uplinks.is_empty() {
            self.counters = None;
            self.links = None;
            self.radio = None;
            self.stations = None;
            return;
        }
        let interfaces = uplinks.iter().filter_map(|uplink| {
            let name = nix::net::if_::if_indextoname(uplink.ifindex).ok()?;
            Some(Interface {
                ifindex: uplink.ifindex,
                name: name.into_string().ok()?,
            })
        });
        self.interfaces = interfaces.collect();
        let roots = &self.roots;
        let _ = self.counters.get_or_insert_with(|| Counters::open(roots));
        self.follow_links();
        if self.radio.is_none() && uplinks.iter().any(|uplink| uplink.wireless) {
            self.radio = noting("Wi-Fi events", RadioEvents::open());
        }
    }

    fn follow_links(&mut self) {
        if self.links.is_none() {
            self.links = noting("link events", LinkEvents::open());
        }
        let states: Vec<(u32, bool)> = self
            .interfaces
            .iter()
            .map(|interface| {
                let path = self.roots.sys.join("class/net").join(&interface.name);
                // Nothing can be read of one that is switched off.
                let carrier = fs::read_to_string(path.join("carrier"));
                (
                    interface.ifindex,
                    carrier.is_ok_and(|text| text.trim() == "1"),
                )
            })
            .collect();
        if let Some(links) = &mut self.links {
            links.follow(&states);
        }
    }

    /// Takes the outcome of a probe to the anchor, and by how much its answer waited for this program.
    pub fn anchor(&mut self, outcome: Outcome, late_ns: u64) {
        let Outcome {
            ifindex,
            at_ns,
            rtt_ns,
            queue_ns,
        } = outcome;
        self.observer.anchor(ifindex, at_ns, rtt_ns, queue_ns);
        self.late(late_ns);
    }

    /// Takes the outcome of a probe to the gateway.
    pub fn gateway(&mut self, outcome: Outcome) {
        let Outcome {
            ifindex,
            at_ns,
            rtt_ns,
            queue_ns,
        } = outcome;
        self.observer.gateway(ifindex, at_ns, rtt_ns, queue_ns);
    }

    /// This program runs now, so much later than it should have.
    pub fn late(&mut self, late_ns: u64) {
        self.observer.late(monotonic_ns(), late_ns);
    }

    /// To be called at each beat of the probes: reads what is due, and hands out the spikes that are
    /// over and fully known.
    pub fn beat(&mut self) -> Vec<Spike> {
        let now_ns = monotonic_ns();
        let since_read = now_ns.saturating_sub(self.read_ns) + SLACK_NS;
        if let Some(counters) = &mut self.counters
            && (self.observer.is_open() || since_read >= READ_NS)
        {
            self.read_ns = now_ns;
            self.observer.read(counters.read(now_ns, &self.interfaces));
        }
        self.ask_stations(now_ns);
        self.observer.finished(now_ns)
    }

    fn ask_stations(&mut self, now_ns: u64) {
        let pause_ns = if self.observer.is_open() {
            RADIO_SPIKE_NS
        } else {
            RADIO_NS
        };
        let since = now_ns.saturating_sub(self.radio_ns) + SLACK_NS;
        if let (Some(radio), None) = (&self.radio, &self.stations)
            && since >= pause_ns
        {
            self.radio_ns = now_ns;
            let stations = radio.stations();
            let wireless = self.watched.iter().filter(|uplink| uplink.wireless);
            let wireless: Vec<u32> = wireless.map(|uplink| uplink.ifindex).collect();
            // A driver may make the caller wait; probes must not.
            let reading = tokio::task::spawn_blocking(move || read_stations(stations, &wireless));
            self.stations = Some(reading);
        }
    }

    /// Waits until something happens beside the probes and takes it in. Waits for ever while nothing
    /// is watched. Safe to cancel.
    pub async fn next(&mut self) {
        let (happened, source) = tokio::select! {
            happened = links(self.links.as_mut()) => (happened, Source::Links),
            happened = radio(self.radio.as_mut()) => (happened, Source::Radio),
            heard = stations(self.stations.as_mut()) => return self.take_stations(&heard),
        };
        let at_ns = monotonic_ns();
        match happened {
            Ok(happened) => {
                for (ifindex, what) in happened {
                    self.observer.happened(Event {
                        at_ns,
                        ifindex,
                        what,
                    });
                }
            }
            // The next look at the uplinks opens another.
            Err(error) => {
                log::warn!("events are not heard any more: {error}");
                match source {
                    Source::Links => self.links = None,
                    Source::Radio => self.radio = None,
                }
            }
        }
    }

    fn take_stations(&mut self, heard: &Heard) {
        self.stations = None;
        let at_ns = monotonic_ns();
        for (ifindex, radio) in heard {
            if let Some(radio) = radio {
                self.observer.radio(*ifindex, at_ns, *radio);
            }
        }
    }
}

enum Source {
    Links,
    Radio,
}

fn noting<T>(what: &str, opened: io::Result<T>) -> Option<T> {
    match opened {
        Ok(one) => Some(one),
        Err(error) => {
            log::info!("{what} cannot be heard: {error}");
            None
        }
    }
}

fn read_stations(stations: Stations, wireless: &[u32]) -> Heard {
    let read = |ifindex: &u32| (*ifindex, stations.read(*ifindex).ok().flatten());
    wireless.iter().map(read).collect()
}

type Happened = io::Result<Vec<(u32, evenkeel_core::blame::Happening)>>;

async fn links(events: Option<&mut LinkEvents>) -> Happened {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

async fn radio(events: Option<&mut RadioEvents>) -> Happened {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

async fn stations(reading: Option<&mut JoinHandle<Heard>>) -> Heard {
    match reading {
        Some(reading) => reading.await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}
