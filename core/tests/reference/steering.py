#!/usr/bin/env python3
"""A second, plain reading of docs/STEERING.md, to check the Rust one against.

It is written from that text, for clearness and not for speed, and shares nothing with the crate.

    steering.py vectors DIRECTORY      works out every vector file's weights and averages anew, in
                                       place; header and samples stay as they are
    steering.py compare DIRECTORY      says which of them would change, and fails if any would
    steering.py replay SERIES PERIOD_MS SLIDER COST,COST...
                                       prints each change of weights over a recorded series, then
                                       the rounds, the changes, and the times of the changes added up
"""

import gzip
import math
import sys
from pathlib import Path as File

MS = 1_000_000  # nanoseconds

TIMEOUT = 1000 * MS
CAP = 60 * MS
LOSS = 100 * MS
HYSTERESIS = 154  # 1024ths
MARGIN = 3 * MS
DWELL = 5  # epochs
MIN_EPOCHS = 3


def ema(k, old, new):
    return (k * new + (1024 - k) * old) // 1024


class Path:
    def __init__(self, cost):
        self.cost = cost
        self.answers = 0  # ever
        self.level = self.fast = self.slow = 0
        self.epochs = 0
        self.heap = []  # deviations of this epoch
        self.lost_run = self.answer_run = 0
        self.dead = self.gone = False

    def score(self):
        return (self.level * 3 // 32 + (self.slow + self.fast) // 2 + 1) * self.cost // 100


class Steering:
    def __init__(self, period_ms, slider, costs):
        self.per_second = 1000 // period_ms
        self.k_level = round(1024 * (1 - 2 ** (-period_ms / 2000)))
        self.k_fast = min(max(7 * slider * slider // 16384, 1), 1024)
        self.k_slow = max(1, self.k_fast // 64)
        self.dead_after = max(3, self.per_second)
        self.gone_after = 10 * self.per_second
        self.paths = [Path(cost) for cost in costs]
        self.leader = None
        self.led_for = 0
        self.rounds = 0
        self.weights = [1] * len(costs)

    def probe(self, path, rtt):
        """One outcome, nanoseconds or None. True when the path died or came back."""
        if rtt is None or rtt >= TIMEOUT:
            path.lost_run += 1
            path.answer_run = 0
            if path.answers:
                path.heap.append(LOSS)
            if path.lost_run == self.gone_after:
                path.gone = True
            if path.lost_run == self.dead_after:
                path.dead = True
                return True
            return False
        path.lost_run = 0
        path.answer_run += 1
        path.answers += 1
        back = False
        if path.answers == 1:
            path.dead = path.gone = False
        elif path.dead and path.answer_run >= self.gone_after:
            path.dead = path.gone = False
            back = True
        if path.answers <= 2:
            path.level = rtt
        else:
            path.level = ema(self.k_level, path.level, rtt)
            path.heap.append(min(abs(rtt - path.level), CAP))
        return back

    def second_over(self):
        for path in self.paths:
            if not path.heap:
                continue
            mean = sum(path.heap) // len(path.heap)
            k_fast = max(self.k_fast, 1024 // (path.epochs + 1))
            k_slow = max(self.k_slow, 3 * 1024 // (path.epochs + 3))
            path.fast = ema(k_fast, path.fast, mean)
            path.slow = ema(k_slow, path.slow, mean)
            path.epochs += 1
            path.heap = []
        self.led_for += 1

    def decide(self):
        if self.leader is not None and self.leader.dead:
            self.leader = None
        able = [p for p in self.paths if p.answers and not p.dead and not p.gone and p.epochs >= MIN_EPOCHS]
        if able:
            best = min(able, key=Path.score)
            if self.leader is None or (
                self.led_for >= DWELL
                and best.score() * (1024 + HYSTERESIS) + MARGIN * 1024 < self.leader.score() * 1024
            ):
                self.leader = best
                self.led_for = 0
        self.weights = [self.weight(path) for path in self.paths]
        if not any(self.weights):
            self.weights = [1] * len(self.paths)

    def weight(self, path):
        if path.gone or (path.dead and self.leader is None):
            return 0
        return 255 if path is self.leader else 1

    def round(self, rtts):
        # Every path is asked: any() would stop at the first.
        urgent = any([self.probe(path, rtt) for path, rtt in zip(self.paths, rtts, strict=True)])
        self.rounds += 1
        if self.rounds % self.per_second == 0:
            self.second_over()
            urgent = True
        if urgent:
            self.decide()


def lines_of(file):
    with gzip.open(file, "rt", encoding="ascii") as text:
        return text.read().splitlines()


def vector(file):
    """The text a vector file should have, by its own header and samples."""
    lines = lines_of(file)
    header = dict(word.split("=") for word in lines[0].split()[1:])
    costs = [int(cost) for cost in header["power_cost"].split(",")]
    steering = Steering(int(header["period_ms"]), int(header["slider"]), costs)
    out = []
    for line in lines:
        if line.startswith("#"):
            out.append(line)
            continue
        samples = line.split(";")[0]
        steering.round([None if word == "-1" else int(word) for word in samples.split()])
        weights = " ".join(map(str, steering.weights))
        paths = " ".join(f"{p.level},{p.fast},{p.slow}" for p in steering.paths)
        out.append(f"{samples};{weights};{paths}")
    return lines, out


def replay(file, period_ms, slider, costs):
    rows, step_ms = [], None
    for line in lines_of(file):
        if line.startswith("#"):
            for word in line.split():
                if word.startswith("dt_ms="):
                    step_ms = int(word.removeprefix("dt_ms="))
        elif line:
            rows.append([None if word == "-1" else int(word) * 1000 for word in line.split()])
    steering = Steering(period_ms, slider, costs)
    changes = times = 0
    rounds = math.ceil(len(rows) * step_ms / period_ms)
    for n in range(rounds):
        before = steering.weights
        steering.round(rows[n * period_ms // step_ms])
        if steering.weights != before:
            changes += 1
            times += n * period_ms
            leader = next((i for i, p in enumerate(steering.paths) if p is steering.leader), None)
            print(n * period_ms, "leader", leader, "weights", *steering.weights)
    print(rounds, changes, times)


def main(arguments):
    match arguments:
        case ["vectors" | "compare" as what, directory]:
            files = sorted(File(directory).glob("*.csv.gz"))
            changed = []
            for file in files:
                before, after = vector(file)
                if before == after:
                    continue
                changed.append(file.name)
                if what == "vectors":
                    # No name and no time in the packed file: the same input gives the same bytes.
                    text = "".join(line + "\n" for line in after).encode("ascii")
                    file.write_bytes(gzip.compress(text, 9, mtime=0))
            print(len(files), "files,", len(changed), "changed:", *changed)
            return 1 if changed and what == "compare" else 0
        case ["replay", series, period_ms, slider, costs]:
            replay(series, int(period_ms), int(slider), [int(cost) for cost in costs.split(",")])
            return 0
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
