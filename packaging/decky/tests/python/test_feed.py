"""Frames, the socket that carries them, and what the panel draws of them. That the frames are those
of the Rust crate is tests/tests/decky.rs's business."""

import asyncio
import socket
import struct
import unittest

from evenkeel_decky import live
from evenkeel_decky.feed import Estimate, Feed, Leader, NoFrame, Sample, decode
from evenkeel_decky.live import BUCKET_NS, BUCKETS, LOST, Live


def frame(*records, magic=b"EKF1", number=0, dropped=0, count=None):
    header = struct.pack("<4sIIHH", magic, number, dropped, len(records) if count is None else count, 0)
    return header + b"".join(struct.pack("<BBHIQQQQ", *record) for record in records)


SAMPLE = (1, 0, 0, 3, 1_000, 20_000_000, 0, 0)
LOST_SAMPLE = (1, 1, 0, 3, 2_000, 0, 0, 0)
ESTIMATE = (2, 2, 750, 3, 3_000, 21_000_000, 2_000_000, 1_000_000)
LEADER = (3, 1, 0, 3, 4_000, 0, 0, 0)


class Frames(unittest.TestCase):
    def test_each_kind_of_record_is_read(self):
        found = decode(frame(SAMPLE, LOST_SAMPLE, ESTIMATE, LEADER, number=7, dropped=2))
        self.assertEqual(
            found,
            (
                7,
                2,
                [
                    Sample(3, 1_000, 20_000_000),
                    Sample(3, 2_000, None),
                    Estimate(3, 3_000, 2, 750, 21_000_000, 2_000_000, 1_000_000),
                    Leader(3, 4_000, True),
                ],
            ),
        )

    def test_records_of_an_unknown_kind_are_passed_over(self):
        self.assertEqual(decode(frame((99, *SAMPLE[1:]), LEADER))[2], [Leader(3, 4_000, True)])

    def test_what_is_no_frame_is_an_error(self):
        good = frame(SAMPLE, ESTIMATE)
        cut = [good[:n] for n in range(len(good))]
        for bad in [*cut, good + b"x", frame(SAMPLE, magic=b"EKF2"), frame(SAMPLE, count=2), frame(count=65)]:
            with self.assertRaises(NoFrame):
                decode(bad)


class TheSocket(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.helper, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.helper.close)
        self.records, self.ended = [], asyncio.Event()
        self.feed = Feed(ours, self.records.extend, self.ended.set)
        self.addCleanup(self.feed.close)

    async def test_records_come_in_order_and_the_end_is_told(self):
        for at in range(40):
            self.helper.send(frame((1, 0, 0, 3, at, 5, 0, 0)))
        self.helper.close()
        await asyncio.wait_for(self.ended.wait(), 10)
        self.assertEqual([record.at_ns for record in self.records], list(range(40)))
        self.assertTrue(self.feed.closed)

    async def test_what_is_no_frame_ends_the_feed(self):
        self.helper.send(b"something else")
        await asyncio.wait_for(self.ended.wait(), 10)
        self.assertEqual(self.helper.recv(1), b"", "our end is closed")

    async def test_closing_it_is_no_end_to_be_told(self):
        self.feed.close()
        self.feed.close()
        self.assertEqual(self.helper.recv(1), b"")
        self.assertFalse(self.ended.is_set())


class TheLastMinute(unittest.TestCase):
    def setUp(self):
        self.live = Live()

    def series(self, ifindex=3):
        return self.live.view(ifindex)["series"]

    def sample(self, bucket, rtt_us, ifindex=3):
        rtt_ns = None if rtt_us is None else rtt_us * 1000
        self.live.take([Sample(ifindex, bucket * BUCKET_NS + 1, rtt_ns)])

    def test_of_each_half_second_the_worst_counts_and_a_loss_before_all(self):
        self.sample(1000, 20)
        self.sample(1000, 90)
        self.sample(1000, 30)
        self.sample(1001, 20)
        self.sample(1001, None)
        self.sample(1003, 10)
        self.assertEqual(self.series()[-4:], [90, LOST, None, 10])
        self.assertEqual(len(self.series()), BUCKETS)

    def test_an_answer_that_comes_late_finds_its_place(self):
        self.sample(1000, 20)
        self.sample(1002, 20)
        self.sample(1000, 70)
        self.sample(1001, 99)  # nothing was there: passed over
        self.assertEqual(self.series()[-3:], [70, None, 20])

    def test_it_is_a_minute_and_no_more(self):
        for bucket in range(1000, 1000 + 3 * BUCKETS):
            self.sample(bucket, bucket)
        self.assertEqual(self.series()[0], 1000 + 2 * BUCKETS)
        self.assertEqual(self.series()[-1], 1000 + 3 * BUCKETS - 1)

    def test_an_uplink_that_fell_silent_moves_out_to_the_left(self):
        self.sample(1000, 20)
        self.sample(1060, 5, ifindex=4)
        self.assertEqual(self.series().index(20), BUCKETS - 61)
        self.sample(5000, 5, ifindex=4)
        self.assertEqual(set(self.series()), {None})

    def test_a_clock_that_jumps_back_draws_nothing_wrong(self):
        self.sample(5000, 20)
        self.sample(1000, 30)
        self.assertEqual([us for us in self.series() if us is not None], [20])

    def test_figures_are_those_of_the_last_estimate_and_none_before_the_first_answer(self):
        self.live.take([Estimate(3, 0, 1, 0, 0, 0, 0)])
        self.assertIsNone(self.live.view(3)["uplinks"]["3"]["rtt_us"])
        self.live.take([Estimate(3, 0, 2, 0, 21_400_000, 2_310_000, 0)])
        self.assertEqual(
            self.live.view(3)["uplinks"]["3"], {"rtt_us": 21_400, "jitter_us": 2_310, "state": 2}
        )

    def test_uplinks_are_bounded_and_those_that_are_gone_are_forgotten(self):
        for ifindex in range(1, 100):
            self.sample(1000, 1, ifindex=ifindex)
        self.assertEqual(len(self.live.view(1)["uplinks"]), live.MAX_UPLINKS)
        self.live.keep({2})
        self.assertEqual(list(self.live.view(1)["uplinks"]), ["2"])
        self.assertEqual(self.live.view(1)["series"], [])
