"""When the switch is on: pressed by the player, or remembered for a game that runs. Decisions only;
plain values in and out. Whether the helper agrees is hold.py's business."""

import re
from typing import Any, Iterable, NamedTuple, Optional

MAX_REMEMBERED = 64
MAX_RUNNING = 16
MAX_NAME = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Game(NamedTuple):
    """A game of Steam's; a shortcut's number is as large as any."""

    appid: int
    name: str


def game_from(value: Any) -> Optional[Game]:
    """Reads `{"appid": ..., "name": ...}`; None when it is no game."""
    if not isinstance(value, dict):
        return None
    appid, name = value.get("appid"), value.get("name", "")
    if isinstance(appid, str) and appid.isascii() and appid.isdigit() and len(appid) <= 20:
        appid = int(appid)
    if not isinstance(appid, int) or isinstance(appid, bool) or not 0 < appid < 1 << 64:
        return None
    name = _CONTROL.sub("", name).strip()[:MAX_NAME] if isinstance(name, str) else ""
    return Game(appid, name or str(appid))


def games_from(values: Any, limit: int) -> list[Game]:
    """Reads a list of games: no game twice, nothing that is none, no more than `limit`."""
    found: dict[int, Game] = {}
    for value in values if isinstance(values, list) else []:
        game = game_from(value)
        if game is not None and len(found) < limit:
            found.setdefault(game.appid, game)
    return list(found.values())


class Switch:
    """The switch and what it remembers."""

    def __init__(self, remembered: Iterable[Game] = ()) -> None:
        # The one used last is at the end.
        self.remembered: dict[int, Game] = {game.appid: game for game in remembered}
        self.running: dict[int, Game] = {}
        self.wanted = False
        # The game that the switch is on for; None when it is on until it is pressed again.
        self.cause: Optional[int] = None

    @property
    def game(self) -> Optional[Game]:
        """The game that was started last of those running."""
        return next(reversed(self.running.values()), None)

    def set_running(self, games: list[Game]) -> bool:
        """Takes the list of running games; true when something is remembered differently now."""
        now = {game.appid: game for game in games[:MAX_RUNNING]}
        started = [game for game in now.values() if game.appid not in self.running]
        stay = {appid: now[appid] for appid in self.running if appid in now}
        # Python's dictionaries keep the order: what started now comes last.
        self.running = {**stay, **{game.appid: game for game in started}}
        changed = False
        for game in started:
            if game.appid in self.remembered:
                self._remember(game)
                changed = True
                if not self.wanted:
                    self.wanted, self.cause = True, game.appid
        if self.wanted and self.cause is not None and self.cause not in now:
            other = [appid for appid in self.running if appid in self.remembered]
            self.cause = other[-1] if other else None
            self.wanted = self.cause is not None
        return changed

    def press(self, on: bool) -> bool:
        """The player moved the switch; true when something is remembered differently now."""
        self.wanted = on
        game = self.game
        if on:
            self.cause = game.appid if game else None
            if game is None:
                return False
            self._remember(game)
            return True
        forgotten = [appid for appid in self.running if self.remembered.pop(appid, None)]
        self.cause = None
        return bool(forgotten)

    def refused(self) -> None:
        """Game mode was refused to the player: the switch goes back, the memory stays."""
        self.wanted, self.cause = False, None

    def _remember(self, game: Game) -> None:
        self.remembered.pop(game.appid, None)
        self.remembered[game.appid] = game
        while len(self.remembered) > MAX_REMEMBERED:
            del self.remembered[next(iter(self.remembered))]
