"""What needs no bus of the hold and the view. The rest runs against the real helper: decky.rs."""

import asyncio
import unittest

from evenkeel_decky import view
from evenkeel_decky.bus import BusError, Gone
from evenkeel_decky.games import Game, Switch
from evenkeel_decky.helper import is_silent, plain, word_of
from evenkeel_decky.hold import OFF, Hold


class SlowHelper:
    """Takes a moment for each factor."""

    def __init__(self):
        self.got = []
        self.go_on = asyncio.Event()
        self.error = None

    async def set_ema_factor(self, factor):
        self.got.append(factor)
        await self.go_on.wait()
        if self.error:
            raise self.error


class TheSlider(unittest.IsolatedAsyncioTestCase):
    async def test_of_several_values_in_a_row_only_the_last_is_sent_after_the_one_on_its_way(self):
        hold, helper = Hold(lambda: None), SlowHelper()
        hold.set_factor(100)
        task = asyncio.create_task(hold._apply_factor(helper))
        await asyncio.sleep(0)
        for factor in (200, 300, 400):
            hold.set_factor(factor)
        helper.go_on.set()
        await task
        self.assertEqual(helper.got, [100, 400])

    async def test_a_refused_value_is_said_and_not_asked_again(self):
        hold, helper = Hold(lambda: None), SlowHelper()
        helper.go_on.set()
        helper.error = BusError("io.github.evenkeel.Error.Kernel", "refused")
        hold.set_factor(100)
        await hold._apply_factor(helper)
        await hold._apply_factor(helper)
        self.assertEqual(helper.got, [100])
        self.assertEqual((hold.refusal.what, hold.refusal.word), ("ema", "Kernel"))
        helper.error = None
        hold.set_factor(101)
        await hold._apply_factor(helper)
        self.assertIsNone(hold.refusal)


class Errors(unittest.TestCase):
    def test_nobody_answering_is_told_from_refusing(self):
        dbus = "org.freedesktop.DBus.Error."
        for name in ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Spawn.ExecFailed", "TimedOut"):
            self.assertTrue(is_silent(BusError(dbus + name, "")), name)
        self.assertTrue(is_silent(BusError("org.freedesktop.systemd1.UnitMasked", "")))
        self.assertTrue(is_silent(Gone("x")))
        self.assertEqual(word_of(BusError(dbus + "AccessDenied", "")), "Blocked")
        self.assertEqual(word_of(BusError("io.github.evenkeel.Error.NotSupported", "")), "NotSupported")
        self.assertEqual(word_of(BusError(dbus + "UnknownMethod", "")), "Unknown")
        self.assertEqual(word_of(Gone("x")), "Silent")

    def test_variants_are_opened(self):
        value = ("aa{sv}", [{"name": ("s", "wlan0"), "addresses": ("as", ["a"])}])
        self.assertEqual(plain(value), [{"name": "wlan0", "addresses": ["a"]}])
        self.assertEqual(plain(("u", 5)), 5)


class WhatThePanelGets(unittest.TestCase):
    def describe(self, link=view.UP, switch=None, **properties):
        return view.describe(link, properties, switch or Switch(), OFF, None, None, None, None, None, True)

    def test_a_helper_of_another_version_cannot_break_it(self):
        for junk in (None, 5, "x", [], [5], {}, {"a": 1}, [[]], (1, 2, 3), -1, True):
            names = ("GameMode", "EmaFactor", "Backend", "BackendReason")
            more = ("Families", "Uplinks", "Draining", "LastError")
            state = self.describe(**{name: junk for name in names + more})
            self.assertEqual(state["uplinks"], [{
                "ifindex": 0, "name": "", "kind": 0, "state": 0, "carrier": True, "leader": False,
            }] if junk == [{}] else [])

    def test_the_leader_comes_first_and_lists_are_bounded(self):
        uplinks = [{"ifindex": i, "name": "x" * 99, "leader": i == 9} for i in range(1, 60)]
        state = self.describe(Uplinks=uplinks)
        self.assertEqual(len(state["uplinks"]), view.MAX_UPLINKS)
        self.assertEqual(state["uplinks"][0]["ifindex"], 9)
        self.assertEqual(state["uplinks"][0]["name"], "x" * 15)

    def test_the_minute_shown_is_the_leaders_else_of_the_first_that_answers(self):
        def uplink(ifindex, state=2, leader=False):
            return {"ifindex": ifindex, "state": state, "leader": leader}

        self.assertEqual(view.shown_uplink([]), 0)
        self.assertEqual(view.shown_uplink([uplink(4, leader=True), uplink(3)]), 4)
        self.assertEqual(view.shown_uplink([uplink(3, state=3), uplink(4)]), 4)
        self.assertEqual(view.shown_uplink([uplink(3, state=1), uplink(4, state=0)]), 3)

    def test_without_a_helper_nothing_of_it_is_shown(self):
        state = self.describe(view.ABSENT, GameMode=True, EmaFactor=3)
        self.assertEqual((state["game_mode"], state["ema_in_force"]), (False, None))

    def test_a_large_number_of_a_game_survives_json(self):
        switch = Switch()
        switch.set_running([Game((1 << 64) - 1, "x")])
        self.assertEqual(self.describe(switch=switch)["game"]["appid"], str((1 << 64) - 1))
