//! Did it really get better? Two arms, A and B, take turns in short blocks; this plans the turns and
//! judges what the probes heard. It switches nothing, sends nothing and reads no clock.
//!
//! | module | what it answers |
//! |---|---|
//! | [`plan`] | how many pairs of blocks, how long, in what order, and when one may look |
//! | [`block`] | what one block amounts to, and what a pair of blocks says |
//! | [`flips`] | how often chance alone would say as much: the sign-flip test |
//! | [`verdict`] | better, worse, or no difference shown; how much, and how little could be seen |
//! | [`draw`] | the small seeded generator behind all draws |
//!
//! Round-trip times follow each other: a bad minute is bad for every packet in it. So tests that take
//! packets for independent see differences everywhere (three runs in four, when one arm is measured
//! after the other). Here the order inside each pair is drawn at random, and exactly that draw is
//! what the test replays: if the arms don't differ, turning a pair around changes nothing but the sign
//! of its difference. That holds whatever the network does, and whatever distribution its delays have
//! (Fisher 1935, The Design of Experiments; Ernst 2004, Permutation Methods, Statistical Science
//! 19:676).

pub mod block;
pub mod draw;
pub mod flips;
pub mod plan;
pub mod verdict;

pub use block::Block;
pub use plan::{Arm, Plan};
pub use verdict::{Judged, Verdict, judge};
