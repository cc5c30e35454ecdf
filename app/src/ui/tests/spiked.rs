//! What must come of spikes that are told, on the Spikes screen and on Live, by every hand.

pub mod game;
mod shots;

use evenkeel_core::blame::{Culprit, Evidence, Measure as M, Spike, judge};
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::spikes::records;
use iced::advanced::widget::Id;
use iced::keyboard::key::Named;
use iced::{Size, window};
use iced_test::selector::{self, Candidate};

use super::journeys::{SIZE, click, say, scene, shows};
use super::looking_back::{look_at_the_clock, tell};
use super::person::Person;
use super::walk::SMALL;
use super::{FIRST, ROUND_NS, Scene, simulate, uplinks};
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::Event;
use crate::ui::gamepad::Action;
use crate::ui::live::{Message as Live, Span};
use crate::ui::{alone, spikes};
use crate::words::{Key, Language, Words};

/// Rounds of the recorded series that are played: five minutes.
const ROUNDS: usize = 1500;

/// What the helper says of a spike with this evidence, from `round` on.
fn spike(uplink: Option<u32>, round: u64, rounds: u64, seen: &[(M, u64)]) -> Spike {
    let evidence: Evidence = seen.iter().copied().collect();
    let from_ns = round * ROUND_NS;
    let excess_ns = uplink.map(|_| 72_000_000);
    Spike {
        uplink,
        from_ns,
        until_ns: from_ns + rounds * ROUND_NS,
        usual_ns: uplink.map(|_| 24_000_000),
        worst_ns: Some(96_000_000 + round * 17_000),
        sent: rounds as u32 + 1,
        stood_out: (rounds as u32).div_ceil(2) + 1,
        lost: 0,
        blame: judge(excess_ns, &evidence),
        evidence,
    }
}

/// One of each kind, as they might come in an evening.
pub fn evening() -> Vec<Spike> {
    let (cable, wifi) = (Some(FIRST), Some(FIRST + 1));
    let near = (M::GatewaySharePermille, 930);
    let weak = [
        (M::Wireless, 1),
        near,
        (M::SignalBelowZeroDbm, 81),
        (M::SignalUsualBelowZeroDbm, 62),
        (M::RetriesPermille, 178),
        (M::OtherUplinks, 1),
        (M::OtherUplinksHit, 0),
    ];
    let far = [
        (M::GatewaySharePermille, 20),
        (M::OtherUplinks, 1),
        (M::OtherUplinksHit, 1),
    ];
    let mut lost = spike(cable, 1480, 3, &far);
    (lost.worst_ns, lost.lost) = (None, 2);
    vec![
        spike(cable, 700, 0, &[(M::GatewayLost, 4), (M::GatewaySent, 4)]),
        spike(
            None,
            800,
            0,
            &[(M::LateNs, 96_000_000), (M::CpuStallPermille, 620)],
        ),
        spike(wifi, 900, 6, &[(M::Wireless, 1), near, (M::Scans, 1)]),
        spike(cable, 1000, 4, &far),
        spike(
            cable,
            1100,
            12,
            &[
                near,
                (M::TxBytesPerS, 4_800_000),
                (M::TxUsualBytesPerS, 40_000),
                (M::OwnQueueNs, 71_000_000),
                (M::BacklogBytes, 96_000),
            ],
        ),
        spike(cable, 1200, 2, &[near, (M::RxErrors, 41)]),
        spike(wifi, 1400, 8, &weak),
        lost,
        spike(wifi, 1490, 4, &weak),
    ]
}

impl Scene {
    fn spikes(&mut self, all: &[Spike]) -> &mut Self {
        for spike in all {
            self.send(records(spike));
        }
        self
    }

    /// The probes that these spikes were seen in.
    fn jump(&mut self, all: &[Spike]) -> &mut Self {
        for spike in all {
            let Some(ifindex) = spike.uplink else {
                continue;
            };
            let probes = (spike.from_ns..=spike.until_ns).step_by(ROUND_NS as usize);
            let late = probes.step_by(2).enumerate();
            let records = late.map(|(number, at_ns)| Record::Sample {
                ifindex,
                at_ns: at_ns + 1,
                rtt_ns: spike
                    .worst_ns
                    .map(|worst| worst - number as u64 * 9_000_000),
                user_clock: false,
            });
            self.send(records.collect());
        }
        self
    }

    fn show(&mut self, screen: Screen) -> &mut Self {
        let _ = self.app.update(Message::Show(screen));
        self
    }
}

/// Five minutes of two uplinks with these spikes, on the Spikes screen.
pub fn with(all: &[Spike], language: Language, size: Size) -> Scene {
    let mut scene = Scene::ecmp(2, language, size);
    scene.play("5g2_urban", ROUNDS, 900);
    scene.jump(all).spikes(all).show(Screen::Spikes);
    look_at_the_clock(&mut scene);
    scene
}

fn listed(size: Size) -> Scene {
    with(&evening(), Language::English, size)
}

fn name(spike: &Spike) -> Id {
    Id::from(format!(
        "spike-{}-{}",
        spike.uplink.unwrap_or(0),
        spike.from_ns
    ))
}

/// The lines of the list from top to bottom, by what they are called.
fn lines(app: &App, size: Size) -> Vec<Id> {
    let mut found: Vec<(f32, Id)> = evening()
        .iter()
        .chain(&many())
        .filter_map(|spike| {
            let mut ui = simulate(app.view(), size);
            let bounds = ui.find(selector::id(name(spike))).ok()?.bounds();
            Some((bounds.y, name(spike)))
        })
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    found.into_iter().map(|(_, id)| id).collect()
}

fn many() -> Vec<Spike> {
    (0..70)
        .map(|at| spike(Some(FIRST), 300 + at, 0, &[]))
        .collect()
}

/// Every text that shows.
fn said(app: &App, size: Size) -> Vec<String> {
    let mut ui = simulate(app.view(), size);
    let mut all = Vec::new();
    let _ = ui.find(|candidate: Candidate<'_>| {
        if let Candidate::Text { content, .. } = candidate {
            all.push(content.to_owned());
        }
        None::<()>
    });
    all
}

fn has(app: &App, part: &str) -> bool {
    said(app, SIZE).iter().any(|text| text.contains(part))
}

fn open(scene: &mut Scene, spike: &Spike) {
    let message = spikes::Message::Open(spikes::Id::of(spike));
    let _ = scene.app.update(Message::Spikes(message));
}

#[test]
fn spikes_are_listed_newest_first_also_those_that_come_while_the_list_shows() {
    let mut scene = listed(SIZE);
    let mut newest_first: Vec<Id> = evening().iter().rev().map(name).collect();
    assert_eq!(lines(&scene.app, SIZE), newest_first);
    let come = &many()[3];
    scene.spikes(std::slice::from_ref(come));
    newest_first.push(name(come));
    assert_eq!(
        lines(&scene.app, SIZE),
        newest_first,
        "an old one told late"
    );
    scene.spikes(&evening());
    assert_eq!(lines(&scene.app, SIZE), newest_first, "told twice");
}

#[test]
fn the_last_hour_is_summed_up_and_a_filter_leaves_those_of_one() {
    let mut scene = listed(SIZE);
    let sum = "9 spikes in the last hour: 3 Wi-Fi, 2 internet, 2 this device, \
               1 router or line, 1 unknown.";
    assert!(shows(&scene.app, sum), "{:?}", said(&scene.app, SIZE));
    let sent = click(&scene.app, &say(Key::SpikesAll));
    assert!(matches!(
        sent[..],
        [Message::Spikes(spikes::Message::Only(None))]
    ));
    let only = |culprit| Message::Spikes(spikes::Message::Only(culprit));
    let _ = scene.app.update(only(Some(Culprit::Internet)));
    let evening = evening();
    let internet: Vec<Id> = [7, 3].map(|at: usize| name(&evening[at])).to_vec();
    assert_eq!(lines(&scene.app, SIZE), internet);
    assert!(shows(&scene.app, sum), "the sum is that of all");
    let _ = scene.app.update(only(None));
    assert_eq!(lines(&scene.app, SIZE).len(), 9);
}

#[test]
fn without_a_choice_there_is_no_filter() {
    let one = &evening()[..1];
    let scene = with(one, Language::English, SIZE);
    assert!(!shows(&scene.app, &say(Key::SpikesAll)));
}

#[test]
fn an_opened_spike_tells_its_rule_the_facts_and_what_can_be_done() {
    let mut scene = listed(SIZE);
    let evening = evening();
    open(&mut scene, &evening[4]);
    for text in [
        say(Key::WhoDevice),
        say(Key::RuleOwnQueue),
        say(Key::WhyOwnQueue),
        say(Key::AdviceFull),
        "A probe waited 71 ms in this machine's own queue".to_owned(),
        "96 kB waited to be sent".to_owned(),
        "This machine sent 38 Mbit/s (usually 0.3 Mbit/s)".to_owned(),
        "The router was already slow: it showed 93% of the delay".to_owned(),
        "Rule: own-queue".to_owned(),
    ] {
        assert!(has(&scene.app, &text), "{text}");
    }
    open(&mut scene, &evening[0]);
    assert!(has(&scene.app, &say(Key::AdviceUnknown)));
    assert!(has(&scene.app, "The router left 4 of 4 probes unanswered"));
    assert!(!has(&scene.app, &say(Key::SpikeNoGraph)));
}

#[test]
fn a_spike_from_before_this_window_has_no_graph_and_says_so() {
    let mut scene = scene();
    scene.play("5g2_urban", 10, 5);
    let early = spike(Some(FIRST), 1, 1, &[]);
    let mut late = early.clone();
    (late.from_ns, late.until_ns) = (ROUND_NS * 1_000, ROUND_NS * 1_001);
    scene
        .spikes(&[early.clone(), late.clone()])
        .show(Screen::Spikes);
    open(&mut scene, &late);
    assert!(has(&scene.app, &say(Key::SpikeNoGraph)));
    open(&mut scene, &early);
    assert!(!has(&scene.app, &say(Key::SpikeNoGraph)));
}

#[test]
fn the_newest_is_open_beside_the_list_until_another_one_is_opened() {
    let mut scene = listed(SIZE);
    let evening = evening();
    assert!(has(&scene.app, &say(Key::WhyWeakSignal)));
    assert!(
        !shows(&scene.app, &say(Key::SpikeBack)),
        "the list is there"
    );
    open(&mut scene, &evening[2]);
    assert!(has(&scene.app, &say(Key::WhyScanned)));
    let come = spike(Some(FIRST), 1495, 0, &[(M::GatewaySharePermille, 0)]);
    scene.spikes(std::slice::from_ref(&come));
    assert!(has(&scene.app, &say(Key::WhyScanned)), "it stays open");
}

#[test]
fn in_a_small_window_a_spike_opens_in_place_of_the_list_and_every_way_leads_back() {
    let wanted = evening()[7].clone();
    let ways: [fn(&mut Person); 4] = [
        |person| {
            let back = person.place("spike-back").bounds.center();
            person.tap(back);
        },
        |person| person.key(Named::Escape),
        |person| person.pad(Action::Back),
        |person| person.tell(Message::Spikes(spikes::Message::Close)),
    ];
    for back in ways {
        let mut person = Person::at(listed(SMALL).app, SMALL);
        person.tell(Message::Spikes(spikes::Message::Open(spikes::Id::of(
            &wanted,
        ))));
        assert!(
            !person
                .places()
                .iter()
                .any(|place| place.id == name(&wanted))
        );
        back(&mut person);
        assert!(
            person
                .places()
                .iter()
                .any(|place| place.id == name(&wanted))
        );
        // Once more leaves the place.
        person.key(Named::Escape);
        assert!(
            !person
                .places()
                .iter()
                .any(|place| place.id == name(&wanted))
        );
    }
}

#[test]
fn a_line_opens_by_pointer_touch_keys_and_gamepad() {
    let wanted = evening()[7].clone();
    let hands: [fn(&mut Person, &Id); 4] = [
        |person, id| {
            let at = person.places().into_iter().find(|place| place.id == *id);
            person.click(at.unwrap().bounds.center());
        },
        |person, id| {
            let at = person.places().into_iter().find(|place| place.id == *id);
            person.tap(at.unwrap().bounds.center());
        },
        |person, id| {
            person.focus(id);
            person.key(Named::Enter);
        },
        |person, id| {
            person.focus(id);
            person.pad(Action::Press);
        },
    ];
    for hand in hands {
        for size in [SIZE, SMALL] {
            let mut person = Person::at(listed(size).app, size);
            hand(&mut person, &name(&wanted));
            let sent = person.sent().join(" ");
            assert!(
                sent.contains(&format!("Open({:?})", spikes::Id::of(&wanted))),
                "{sent}"
            );
            assert!(said(&person.app, size).contains(&say(Key::WhyBeyond)));
        }
    }
}

#[test]
fn a_new_spike_above_does_not_move_the_focus_to_another_line() {
    let mut person = Person::at(listed(SIZE).app, SIZE);
    let focused = name(&evening()[6]);
    person.focus(&focused);
    let come = spike(Some(FIRST), 1496, 0, &[]);
    for record in records(&come) {
        let frame = evenkeel_dbus::feed::Frame {
            number: 0,
            dropped: 0,
            records: vec![record],
        };
        person.tell(Message::Feed(crate::ui::bus::FeedEvent::Frame(frame)));
    }
    assert!(person.places().iter().any(|place| place.id == name(&come)));
    assert_eq!(person.focused().map(|place| place.id), Some(focused));
}

#[test]
fn a_long_list_is_bounded_and_older_ones_come_when_asked_for() {
    let scene = with(&many(), Language::English, SIZE);
    assert_eq!(lines(&scene.app, SIZE).len(), 40);
    let label = "Show 30 older";
    assert!(shows(&scene.app, label));
    let mut person = Person::at(scene.app, SIZE);
    person.focus(&Id::new("spikes-more"));
    person.key(Named::Enter);
    assert_eq!(lines(&person.app, SIZE).len(), 70);
    assert!(!shows(&person.app, label));
}

#[test]
fn what_the_helper_remembers_is_listed_before_the_first_probe() {
    let mut scene = scene();
    scene.spikes(&evening()).show(Screen::Spikes);
    assert_eq!(lines(&scene.app, SIZE).len(), 9);
}

#[test]
fn before_the_first_spike_it_says_for_how_long_it_has_watched() {
    let mut scene = scene();
    scene.show(Screen::Spikes);
    assert!(shows(&scene.app, &say(Key::GraphEmpty)));
    scene.play("5g2_urban", ROUNDS, 900);
    assert!(shows(
        &scene.app,
        "Watched for 5 min, and nothing stood out."
    ));
    assert!(shows(&scene.app, &say(Key::SpikesWatched)));
}

#[test]
fn who_watches_is_told_truly_with_a_helper_without_one_and_after_it_left() {
    let mut scene = listed(SIZE);
    assert!(shows(&scene.app, &say(Key::SpikesWatched)));
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(shows(&scene.app, &say(Key::SpikesLost)));
    assert_eq!(lines(&scene.app, SIZE).len(), 9, "what was told stays");
    let mut alone = App::new(Words::new(Language::English), SIZE);
    let _ = alone.update(Message::Bus(Event::NoHelper));
    let _ = alone.update(Message::Alone(alone::Event::Uplinks(uplinks(2))));
    let _ = alone.update(Message::Show(Screen::Spikes));
    assert!(shows(&alone, &say(Key::SpikesAlone)));
}

#[test]
fn the_list_is_fed_while_it_shows_and_while_nobody_sees_it_nothing_is_measured_for_it() {
    let mut scene = listed(SIZE);
    assert!(scene.app.shows_graph());
    let _ = scene.app.update(Message::Show(Screen::Settings));
    assert!(!scene.app.shows_graph());
    let _ = scene.app.update(Message::Show(Screen::Spikes));
    for round in 0..20 {
        let at_ns = (ROUNDS as u64 + round) * ROUND_NS;
        scene.send(vec![Record::Gateway {
            ifindex: FIRST,
            at_ns,
            rtt_ns: None,
        }]);
    }
    assert!(!scene.app.shows_graph(), "nothing was drawn for 15 frames");
    let mut ui = scene.ui();
    let redraw = window::Event::RedrawRequested(std::time::Instant::now());
    let _ = ui.simulate([iced::Event::Window(redraw)]);
    let sent: Vec<Message> = ui.into_messages().collect();
    assert!(matches!(
        sent[..],
        [Message::Spikes(spikes::Message::Drawn)]
    ));
    for message in sent {
        let _ = scene.app.update(message);
    }
    assert!(scene.app.shows_graph());
}

#[test]
fn a_drawn_list_counts_as_seen() {
    let mut scene = listed(SIZE);
    for _ in 0..40 {
        scene.send(Vec::new());
        let mut ui = scene.ui();
        let _ = ui.snapshot(&scene.app.theme()).unwrap();
    }
    assert!(scene.app.shows_graph());
}

#[test]
fn stepping_along_the_graph_ends_on_every_spike_and_names_who_is_blamed() {
    let mut scene = listed(SIZE);
    scene.show(Screen::Live);
    tell(&mut scene, Live::Show(Span::Thirty));
    let moments: Vec<u64> = (0..12)
        .map(|_| {
            tell(&mut scene, Live::Pick(-1));
            scene.app.live.picked_ns().unwrap()
        })
        .collect();
    for spike in evening() {
        let middle_ns = spike.from_ns.midpoint(spike.until_ns);
        assert!(moments.contains(&middle_ns), "{spike:?} in {moments:?}");
    }
}
