"""The file in the settings folder."""

import json
import os
import tempfile
import unittest

from evenkeel_decky import settings as store
from evenkeel_decky.games import MAX_REMEMBERED, Game
from evenkeel_decky.settings import Settings, load, parse, render, save


class TheFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.join(folder.name, "not yet there")
        self.path = os.path.join(self.folder, store.FILE)

    def write(self, data: bytes):
        os.makedirs(self.folder, exist_ok=True)
        with open(self.path, "wb") as file:
            file.write(data)

    def test_what_is_saved_comes_back(self):
        kept = Settings(640, (Game(620, "포탈 2"), Game(1 << 40, "b")))
        save(self.folder, kept)
        self.assertEqual(load(self.folder), (kept, ""))
        self.assertEqual(os.listdir(self.folder), [store.FILE])

    def test_no_file_is_no_complaint(self):
        self.assertEqual(load(self.folder), (Settings(), ""))

    def test_a_corrupted_file_is_put_aside_and_said(self):
        for data in (b"", b"{", b"[]", b"\xff\xfe", b"nul", b"[" * 60000, b"7", b" " * 70000):
            self.write(data)
            found, complaint = load(self.folder)
            self.assertEqual(found, Settings(), data[:20])
            self.assertIn("put aside", complaint)
            self.assertFalse(os.path.exists(self.path))
            with open(self.path + ".bad", "rb") as file:
                self.assertEqual(file.read(), data)
        save(self.folder, Settings(1))
        self.assertEqual(load(self.folder), (Settings(1), ""))

    def test_a_bad_field_leaves_the_others(self):
        self.assertEqual(parse('{"ema": "high", "games": [{"appid": 620, "name": "P"}]}').games, (Game(620, "P"),))
        self.assertEqual(parse('{"ema": 9, "games": 5}'), Settings(9))
        self.assertEqual(parse('{"ema": 1025}'), Settings())
        self.assertEqual(parse('{"ema": true}'), Settings())
        self.assertEqual(parse('{"ema": NaN}'), Settings())
        self.assertEqual(parse('{"games": [null, {"appid": -1}, {"appid": 7}]}').games, (Game(7, "7"),))

    def test_of_too_many_games_the_newest_stay(self):
        games = [{"appid": i, "name": "x"} for i in range(1, 200)]
        found = parse(json.dumps({"games": games})).games
        self.assertEqual(len(found), MAX_REMEMBERED)
        self.assertEqual(found[-1].appid, 199)

    def test_the_largest_file_that_is_written_can_be_read(self):
        games = tuple(Game((1 << 64) - 1 - i, "가" * 64) for i in range(MAX_REMEMBERED))
        self.assertLess(len(render(Settings(1024, games)).encode()), store.MAX_BYTES)

    def test_a_folder_that_cannot_be_written_is_an_oserror_and_changes_nothing(self):
        self.write(b"{}")
        os.mkdir(self.path + ".new")
        with self.assertRaises(OSError):
            save(self.folder, Settings(5))
        self.assertEqual(load(self.folder), (Settings(), ""))
