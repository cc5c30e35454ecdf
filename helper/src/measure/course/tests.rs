//! The course on a clock of the test's own.

use super::*;
use evenkeel_core::ab::Verdict;

const MS: Duration = Duration::from_millis(1);

fn plan(pairs: u32, first: Option<u32>) -> Plan {
    Plan::new(pairs, first, 3_000, 1_000, 100).unwrap()
}

/// Runs a course on a clock of its own until it ends or waits for somebody; `rtt` says what a
/// probe of an arm meets, by its number.
fn run(
    course: &mut Course,
    now: &mut Instant,
    blocks: usize,
    rtt: impl Fn(Arm, u32) -> Option<u32>,
) {
    let mut number = 0;
    let mut idle = 0;
    while course.end().is_none() && course.blocks().len() < blocks && idle < 3 {
        match course.next(*now) {
            Order::Wait => {
                let Some(due) = course.due(*now) else { return };
                idle = if due <= *now { idle + 1 } else { 0 };
                *now = due;
            }
            Order::Switch(arm) => course.began(arm, Some(2), *now),
            Order::Send => {
                let arm = course.arm().unwrap();
                number += 1;
                let at = *now;
                course.sent(Sent::Flying, at);
                course.heard(Outcome {
                    at,
                    rtt_us: rtt(arm, number),
                });
            }
        }
    }
}

fn jitter(us: u32) -> impl Fn(Arm, u32) -> Option<u32> {
    move |arm, number| {
        let spread = if arm == Arm::B { us } else { 10_000 };
        Some(20_000 + number * 7_919 % 11 * spread / 10)
    }
}

#[test]
fn every_block_has_its_planned_probes_and_every_pair_both_arms() {
    let mut now = Instant::now();
    let began = now;
    let mut course = Course::new(plan(6, None), 7, now);
    run(&mut course, &mut now, 12, jitter(10_000));
    assert_eq!(course.blocks().len(), 12);
    for (number, pair) in (0..).zip(course.blocks().chunks(2)) {
        assert_eq!([pair[0].arm, pair[1].arm], order(7, number));
        assert!(pair.iter().all(|measured| measured.outcomes.len() == 20));
    }
    // Warm up, then twelve blocks without a gap but for the last probe's.
    let blocks = (now - began).saturating_sub(WARM_UP);
    assert!(
        blocks <= 12 * 3_000 * MS && blocks >= 12 * 2_900 * MS,
        "{blocks:?}"
    );
    assert_eq!(course.end(), Some(End::Judged));
}

#[test]
fn a_planted_improvement_ends_at_the_first_look_and_none_goes_on_to_the_last() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(12, Some(8)), 1, now);
    run(&mut course, &mut now, 99, jitter(3_000));
    assert_eq!(course.blocks().len(), 16);
    assert_eq!(course.judged().unwrap().verdict, Verdict::Better);
    let mut course = Course::new(plan(12, Some(8)), 1, now);
    run(&mut course, &mut now, 99, jitter(10_000));
    assert_eq!(course.blocks().len(), 24);
    assert_eq!(course.end(), Some(End::Judged));
    assert_eq!(course.judged().unwrap().verdict, Verdict::NoDifference);
}

#[test]
fn what_settles_does_not_count_and_what_is_late_is_waited_for() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    now += WARM_UP;
    let Order::Switch(arm) = course.next(now) else {
        panic!()
    };
    course.began(arm, None, now);
    let mut flying = Vec::new();
    for _ in 0..30 {
        assert_eq!(course.next(now), Order::Send);
        course.sent(Sent::Flying, now);
        assert_eq!(course.next(now), Order::Wait);
        flying.push(now);
        now += 100 * MS;
    }
    assert_eq!(course.next(now), Order::Wait, "all were sent");
    for at in flying {
        assert!(course.blocks().is_empty());
        course.heard(Outcome {
            at,
            rtt_us: Some(5),
        });
    }
    assert_eq!(course.blocks()[0].outcomes.len(), 20);
    assert!(matches!(course.next(now), Order::Switch(next) if next == arm.other()));
}

#[test]
fn probes_without_a_way_out_are_lost_and_held_up_ones_are_sent_again() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    now += WARM_UP;
    let Order::Switch(arm) = course.next(now) else {
        panic!()
    };
    course.began(arm, None, now);
    let mut number = 0;
    while course.blocks().is_empty() {
        if course.next(now) == Order::Send {
            number += 1;
            let sent = if number % 3 == 0 {
                Sent::NotAtAll
            } else {
                Sent::Lost
            };
            course.sent(sent, now);
        }
        now = course.due(now).unwrap();
    }
    let block = course.blocks()[0].block;
    assert_eq!((block.sent, block.lost), (20, 20));
}

#[test]
fn two_blocks_without_any_answer_end_it() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    run(&mut course, &mut now, 99, |_, _| None);
    assert_eq!(course.end(), Some(End::Failed(Reason::NoAnswers)));
    let mut course = Course::new(plan(6, None), 7, now);
    run(&mut course, &mut now, 99, |arm, n| {
        jitter(9)(arm, n).filter(|_| arm == Arm::B)
    });
    assert_eq!(course.end(), Some(End::Judged), "one arm may be dead");
    assert_eq!(course.judged().unwrap().verdict, Verdict::Better);
}

#[test]
fn a_pause_drops_the_pair_under_way_and_what_is_whole_stays() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    run(&mut course, &mut now, 5, jitter(10_000));
    assert!(course.is_under_way());
    course.ask_to_pause(true, now);
    assert_eq!(course.blocks().len(), 4);
    assert_eq!((course.paused(), course.arm()), (Some(Reason::Asked), None));
    assert_eq!(course.next(now), Order::Wait);
    course.hold_up(Some(Reason::GameModeHeld), now);
    course.ask_to_pause(false, now);
    assert_eq!(
        course.paused(),
        Some(Reason::GameModeHeld),
        "both must be over"
    );
    course.hold_up(None, now);
    assert!(course.is_warming());
    run(&mut course, &mut now, 99, jitter(10_000));
    assert_eq!((course.blocks().len(), course.interruptions()), (12, 1));
    assert_eq!(course.end(), Some(End::Judged));
}

#[test]
fn a_pause_has_an_end() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    course.hold_up(Some(Reason::UplinksChanged), now);
    assert_eq!(course.due(now), Some(now + PATIENCE));
    now += PATIENCE;
    assert_eq!(course.next(now), Order::Wait);
    assert_eq!(course.end(), Some(End::Failed(Reason::WaitedTooLong)));
    course.ask_to_pause(true, now);
    course.hold_up(None, now);
    course.cancel();
    assert_eq!(
        course.end(),
        Some(End::Failed(Reason::WaitedTooLong)),
        "it stays ended"
    );
}

#[test]
fn interruptions_without_end_end_it() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    for _ in 0..=MAX_INTERRUPTIONS {
        now += WARM_UP;
        let Order::Switch(arm) = course.next(now) else {
            panic!()
        };
        course.began(arm, None, now);
        course.interrupt(now);
    }
    assert_eq!(course.end(), Some(End::Failed(Reason::Interrupted)));
}

#[test]
fn a_block_that_cannot_send_is_begun_anew() {
    let mut now = Instant::now();
    let mut course = Course::new(plan(6, None), 7, now);
    now += WARM_UP;
    let Order::Switch(arm) = course.next(now) else {
        panic!()
    };
    course.began(arm, None, now);
    while course.arm().is_some() {
        if course.next(now) == Order::Send {
            course.sent(Sent::NotAtAll, now);
        }
        now = course.due(now).unwrap();
    }
    assert_eq!(course.interruptions(), 1);
    assert!(course.is_warming());
}
