"""The switch and its memory."""

import unittest

from evenkeel_decky.games import MAX_REMEMBERED, MAX_RUNNING, Game, Switch, game_from, games_from

A, B, C = Game(1145350, "Hades II"), Game(620, "Portal 2"), Game(3_000_000_000, "A shortcut")


class PerGameMemory(unittest.TestCase):
    def test_a_game_is_remembered_when_the_switch_goes_on_while_it_runs(self):
        switch = Switch()
        self.assertFalse(switch.set_running([A]))
        self.assertFalse(switch.wanted)
        self.assertTrue(switch.press(True))
        self.assertIn(A.appid, switch.remembered)

    def test_a_remembered_game_switches_on_when_it_starts_and_off_when_it_ends(self):
        switch = Switch([A])
        switch.set_running([A])
        self.assertTrue(switch.wanted)
        self.assertEqual(switch.cause, A.appid)
        switch.set_running([])
        self.assertFalse(switch.wanted)

    def test_what_was_switched_on_during_a_game_ends_with_it(self):
        switch = Switch()
        switch.set_running([A])
        switch.press(True)
        switch.set_running([])
        self.assertFalse(switch.wanted)
        self.assertIn(A.appid, switch.remembered)

    def test_switched_off_during_the_game_it_is_forgotten(self):
        switch = Switch([A])
        switch.set_running([A])
        self.assertTrue(switch.press(False))
        self.assertNotIn(A.appid, switch.remembered)
        switch.set_running([])
        switch.set_running([A])
        self.assertFalse(switch.wanted)

    def test_switched_on_with_no_game_it_stays_on_through_games(self):
        switch = Switch([A])
        self.assertFalse(switch.press(True))
        switch.set_running([A])
        switch.set_running([])
        self.assertTrue(switch.wanted)

    def test_a_game_that_is_not_remembered_changes_nothing(self):
        switch = Switch([A])
        switch.set_running([B])
        self.assertFalse(switch.wanted)
        switch.set_running([])
        self.assertFalse(switch.wanted)

    def test_with_two_remembered_games_it_stays_on_until_the_second_ends(self):
        switch = Switch([A, B])
        switch.set_running([A])
        switch.set_running([A, B])
        switch.set_running([B])
        self.assertTrue(switch.wanted)
        self.assertEqual(switch.cause, B.appid)
        switch.set_running([])
        self.assertFalse(switch.wanted)

    def test_the_same_list_again_changes_nothing(self):
        switch = Switch([A])
        switch.set_running([A])
        switch.press(False)
        self.assertFalse(switch.set_running([A]))
        self.assertFalse(switch.wanted)

    def test_a_refusal_puts_the_switch_back_and_keeps_the_memory(self):
        switch = Switch()
        switch.set_running([A])
        switch.press(True)
        switch.refused()
        self.assertFalse(switch.wanted)
        self.assertIn(A.appid, switch.remembered)

    def test_the_memory_is_bounded_and_the_oldest_goes_first(self):
        switch = Switch()
        for appid in range(1, MAX_REMEMBERED + 3):
            switch.set_running([Game(appid, "x")])
            switch.press(True)
            if appid == 5:
                switch.set_running([])
                switch.set_running([Game(1, "x")])  # used again: no longer the oldest
            switch.set_running([])
        self.assertEqual(len(switch.remembered), MAX_REMEMBERED)
        self.assertIn(1, switch.remembered)
        self.assertNotIn(2, switch.remembered)
        self.assertNotIn(3, switch.remembered)
        self.assertIn(4, switch.remembered)

    def test_no_more_games_run_than_can_be(self):
        switch = Switch()
        switch.set_running([Game(i, "x") for i in range(1, 100)])
        self.assertEqual(len(switch.running), MAX_RUNNING)

    def test_the_game_shown_is_the_one_started_last(self):
        switch = Switch()
        switch.set_running([B])
        switch.set_running([A, B, C])
        self.assertEqual(switch.game, C)
        switch.set_running([A, B])
        self.assertEqual(switch.game, A)


class WhatTheFrontendSends(unittest.TestCase):
    def test_numbers_and_digits_are_games(self):
        self.assertEqual(game_from({"appid": 620, "name": "Portal 2"}), B)
        self.assertEqual(game_from({"appid": "620", "name": "Portal 2"}), B)
        self.assertEqual(game_from({"appid": str((1 << 64) - 1)}).appid, (1 << 64) - 1)

    def test_anything_else_is_none(self):
        for value in (
            None, 5, [], "620", {}, {"appid": 0}, {"appid": -1}, {"appid": True}, {"appid": 1 << 64},
            {"appid": "1" * 21}, {"appid": "٦"}, {"appid": "6e2"}, {"appid": 1.5}, {"appid": None},
        ):
            self.assertIsNone(game_from(value), value)

    def test_names_are_bounded_and_bare_of_control_characters(self):
        self.assertEqual(game_from({"appid": 1, "name": "a\x1b[31m\n\u202eb"}).name, "a[31mb")
        self.assertEqual(len(game_from({"appid": 1, "name": "가" * 500}).name), 64)
        self.assertEqual(game_from({"appid": 1, "name": 7}).name, "1")

    def test_a_list_is_read_as_far_as_it_is_one(self):
        self.assertEqual(games_from("no list", 5), [])
        many = [{"appid": i} for i in (1, 1, 2, "x", 3, 4)]
        self.assertEqual([game.appid for game in games_from(many, 3)], [1, 2, 3])
