"""What is seen of the helper while the panel is open: properties, the live feed, and whether there
is a helper at all. It connects when the panel opens and leaves the bus when it closes: with nobody
looking there is nothing that could wake up. It changes nothing."""

import asyncio
from typing import Any, Callable, Optional

from . import installation, view
from .bus import Bus, BusError, Gone
from .feed import Feed, Record
from .helper import Helper, is_silent, word_of
from .hold import Refusal
from .live import Live

FEED_HZ = 5
RETRY_SECONDS = 3.0
# After the helper's name vanished it is given so long to come back before it is called absent.
RESTART_TRIES = 4
RESTART_PAUSE_SECONDS = 0.7


class Watch:
    """The panel's eye."""

    def __init__(self, on_change: Callable[[], None], on_live: Callable[[], None]) -> None:
        self._on_change = on_change
        self._on_live = on_live
        self._task: Optional[asyncio.Task[None]] = None
        self._wake = asyncio.Event()
        self._feed: Optional[Feed] = None
        self._tries = RESTART_TRIES
        self.link = view.SEARCHING
        self.properties: dict[str, Any] = {}
        self.feed_refusal: Optional[Refusal] = None
        # What lacks, while the helper is not reached or refuses.
        self.remedy: Optional[installation.Remedy] = None
        self.rules: Optional[installation.Rules] = None
        self.live = Live()

    @property
    def running(self) -> bool:
        """Whether somebody looks."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begins to look. Does nothing when it looks already."""
        if not self.running:
            self.link = view.SEARCHING
            self._tries = RESTART_TRIES
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Looks no longer: closes the feed and the connection."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def drop(self) -> None:
        """The same at once: the plugin ends."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._look()
                except Gone:
                    self._set(view.NO_BUS)
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            self.properties = {}
            self.feed_refusal = self.remedy = self.rules = None
            self.live.clear()

    async def look_at_rules(self) -> None:
        """The helper refused: looks what there is of the rules that let the plugin in."""
        self.rules = await asyncio.to_thread(installation.look_at_rules)

    async def _look(self) -> None:
        bus = await Bus.connect()
        helper = Helper(bus, self._wake.set)
        try:
            await helper.follow(properties=True)
            while not bus.closed:
                self._wake.clear()
                pause = await self._look_once(helper)
                if not self._wake.is_set():
                    await self._sleep(pause)
        finally:
            self._end_feed()
            bus.close()

    async def _look_once(self, helper: Helper) -> Optional[float]:
        """Brings everything up to date; returns after how many seconds to try again what failed."""
        if not helper.present and self.link == view.UP:
            self._tries = 0
            self._end_feed()
            self._set(view.RESTARTING)
            # Asking at once would only start what the service manager is starting.
            return RESTART_PAUSE_SECONDS
        if helper.stale:
            try:
                await helper.read()
            except Gone:
                raise
            except BusError as error:
                return await self._not_there(error, helper)
        self._tries = 0
        self.properties = helper.properties
        self._set(view.UP)
        if self._feed is None or self._feed.closed:
            return await self._open_feed(helper)
        self.live.keep({uplink["ifindex"] for uplink in view.uplinks(self.properties)})
        return None

    async def _not_there(self, error: BusError, helper: Helper) -> float:
        self._end_feed()
        self._tries += 1
        if self._tries <= RESTART_TRIES and is_silent(error):
            if self.link != view.SEARCHING:
                self._set(view.RESTARTING)
            return RESTART_PAUSE_SECONDS
        found = await asyncio.to_thread(installation.look)
        if is_silent(error):
            self.remedy = installation.remedy(found, await helper.can_be_started())
            self._set(view.ABSENT)
        else:
            self.remedy = installation.remedy_if_blocked(found)
            self._set(view.BLOCKED)
        return RETRY_SECONDS

    async def _open_feed(self, helper: Helper) -> Optional[float]:
        try:
            sock = await helper.subscribe(FEED_HZ)
        except BusError as error:
            self.feed_refusal = None if is_silent(error) else Refusal.of("feed", error)
            not_allowed = word_of(error) == "NotAuthorized"
            if not_allowed:
                await self.look_at_rules()
            self._on_change()
            # polkit is asked again in case the rules were put in place meanwhile.
            return RETRY_SECONDS * (2 if not_allowed else 1)
        self.feed_refusal = None
        self.live.clear()
        self._feed = Feed(sock, self._records, self._wake.set)
        self._on_change()
        return None

    def _records(self, records: list[Record]) -> None:
        self.live.take(records)
        self._on_live()

    def _end_feed(self) -> None:
        if self._feed is not None:
            self._feed.close()
            self._feed = None
            self.live.clear()
            self._on_live()

    def _set(self, link: str) -> None:
        self.link = link
        if link != view.UP:
            self.properties = {}
            self.feed_refusal = None
        self._on_change()

    async def _sleep(self, seconds: Optional[float]) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except asyncio.TimeoutError:
            pass
