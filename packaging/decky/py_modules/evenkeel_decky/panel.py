"""The plugin as a whole: what the panel may ask for, and when it is told something. Every method is
what the panel calls through the loader; each returns the state at once or soon."""

import asyncio
import logging
from typing import Any, Awaitable, Callable, Optional

from . import hold as holds
from . import settings as store
from . import view
from .games import MAX_RUNNING, Switch, games_from
from .hold import Hold
from .watch import Watch

# The panel says every few seconds that it is open; a frontend that died says nothing.
OPEN_SECONDS = 15.0
# While a game runs the frontend says so once a minute.
GAMES_SECONDS = 200.0
TICK_SECONDS = 1.0
# A press waits so long for the helper's answer; after that the state tells.
PRESS_SECONDS = 6.0
EMIT_PAUSE_SECONDS = 0.25
# The loader kills a plugin that takes five seconds to end.
SAVE_SECONDS = 2.0

Emit = Callable[..., Awaitable[None]]


class Panel:
    """Everything between the loader and the helper."""

    def __init__(self, emit: Emit, directory: str, log: logging.Logger) -> None:
        self._emit = emit
        self._directory = directory
        self._log = log
        self._changed = asyncio.Event()
        self._state_dirty = self._live_dirty = False
        self._told: Optional[dict[str, Any]] = None
        self._open_until = self._games_until = 0.0
        self._press_lock = asyncio.Lock()
        self._save_lock = asyncio.Lock()
        self._started = asyncio.Event()
        # Set while there is something that can end by itself.
        self._lively = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._saves: set[asyncio.Task[None]] = set()
        self._watch = Watch(self._state_changed, self._live_changed)
        self._hold = Hold(self._state_changed)
        self._switch = Switch()
        self._ema: Optional[int] = None
        self._memory_works = True

    async def start(self) -> None:
        """Reads the settings and begins."""
        found, complaint = await asyncio.to_thread(store.load, self._directory)
        if complaint:
            self._log.warning(complaint)
        self._ema = found.ema
        self._switch = Switch(found.games)
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._tick())]
        self._started.set()

    async def started(self) -> "Panel":
        """Waits for the settings: nothing may be remembered over what is still being read."""
        await self._started.wait()
        return self

    async def end(self) -> None:
        """Lets everything go; game mode ends with the connection."""
        for task in self._tasks:
            task.cancel()
        self._watch.drop()
        self._hold.drop()
        if self._saves:
            await asyncio.wait(self._saves, timeout=SAVE_SECONDS)

    # What the panel asks for

    async def open(self) -> dict[str, Any]:
        """The panel is open: events flow for the next OPEN_SECONDS."""
        self._open_until = self._now() + OPEN_SECONDS
        self._lively.set()
        if not self._watch.running:
            self._told = None
            self._watch.start()
            self._hold.look_again()
            self._state_changed()
        return self.state()

    async def close(self) -> None:
        """The panel was closed: no event, no feed, no connection but one that holds."""
        self._open_until = 0.0
        await self._watch.stop()

    async def press(self, on: Any) -> dict[str, Any]:
        """The player moved the switch."""
        async with self._press_lock:
            if self._switch.press(on is True):
                self._save_soon()
            if self._switch.wanted:
                self._hold.start(self._ema, patient=False)
                await self._hold.settled(PRESS_SECONDS)
                if self._hold.state == holds.REFUSED:
                    self._switch.refused()
                    await self._watch.look_at_rules()
            else:
                await self._hold.stop(say=True)
        self._state_changed()
        return self.state()

    async def set_ema(self, factor: Any) -> dict[str, Any]:
        """The player moved the slider. It comes into force with game mode."""
        good = store.ema_from(factor)
        if good is not None and good != self._ema:
            self._ema = good
            self._hold.set_factor(good)
            self._save_soon()
            self._state_changed()
        return self.state()

    async def games(self, running: Any) -> None:
        """Which games run now, said at every change and once a minute."""
        self._games_until = self._now() + GAMES_SECONDS
        await self._set_running(running)
        self._lively.set()

    def state(self) -> dict[str, Any]:
        """All there is to be shown but the live figures."""
        return view.describe(
            self._watch.link,
            self._watch.properties,
            self._switch,
            self._hold.state,
            self._hold.refusal,
            self._watch.feed_refusal,
            self._ema,
            self._watch.remedy,
            self._watch.rules,
            self._memory_works,
        )

    # What happens by itself

    async def _set_running(self, running: Any) -> None:
        async with self._press_lock:
            before = self._switch.wanted
            if self._switch.set_running(games_from(running, MAX_RUNNING)):
                self._save_soon()
            if self._switch.wanted and not before:
                self._hold.start(self._ema, patient=True)
            elif before and not self._switch.wanted:
                # Others of this user may keep game mode: their wish stays.
                await self._hold.stop(say=False)
        self._state_changed()

    async def _tick(self) -> None:
        while True:
            await self._lively.wait()
            await asyncio.sleep(TICK_SECONDS if self._watch.running else OPEN_SECONDS)
            now = self._now()
            if self._watch.running and now >= self._open_until:
                await self.close()
            if self._switch.running and now >= self._games_until:
                await self._set_running([])
            if not self._watch.running and not self._switch.running:
                self._lively.clear()

    async def _tell(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not self._watch.running:
                continue
            state, self._state_dirty = self._state_dirty, False
            live, self._live_dirty = self._live_dirty, False
            try:
                if state and (now := self.state()) != self._told:
                    self._told = now
                    await self._emit("state", now)
                if live:
                    shown = view.shown_uplink(view.uplinks(self._watch.properties))
                    await self._emit("live", self._watch.live.view(shown))
            except Exception as error:  # the loader may be ending; the next event tries again
                self._log.warning("the panel could not be told: %s", error)
            await asyncio.sleep(EMIT_PAUSE_SECONDS)

    def _state_changed(self) -> None:
        self._state_dirty = True
        self._changed.set()

    def _live_changed(self) -> None:
        self._live_dirty = True
        self._changed.set()

    def _save_soon(self) -> None:
        task = asyncio.create_task(self._save())
        self._saves.add(task)
        task.add_done_callback(self._saves.discard)

    async def _save(self) -> None:
        async with self._save_lock:
            games = tuple(self._switch.remembered.values())
            try:
                await asyncio.to_thread(
                    store.save, self._directory, store.Settings(self._ema, games)
                )
                self._memory_works = True
            except OSError as error:
                self._memory_works = False
                self._log.warning("the settings could not be kept: %s", error)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
