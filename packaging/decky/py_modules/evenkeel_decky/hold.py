"""Holds game mode by a bus connection of its own, so that it ends with the plugin whatever happens,
and takes it up again when the helper was restarted. When it should be held is games.py's business."""

import asyncio
from typing import Callable, Optional

from .bus import Bus, BusError, Gone
from .helper import Helper, is_passing, is_silent, text_of, word_of

# Waits between attempts while nobody answers; the last one repeats.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# A player who pressed the switch waits for so many attempts; a remembered game waits on.
PATIENT_ATTEMPTS = 3
REFUSED_PAUSE_SECONDS = 30.0

OFF, TRYING, HELD, WAITING, REFUSED = "off", "trying", "held", "waiting", "refused"


class Refusal:
    """Why something was not done: a word (see helper.word_of) and the helper's sentence."""

    def __init__(self, what: str, word: str, sentence: str) -> None:
        self.what = what
        self.word = word
        self.sentence = sentence

    @classmethod
    def of(cls, what: str, error: "BusError | Gone") -> "Refusal":
        """Of a failed call."""
        return cls(what, word_of(error), text_of(error))

    def view(self) -> dict[str, str]:
        """As the panel gets it."""
        return {"what": self.what, "word": self.word, "sentence": self.sentence}


class Hold:
    """One lease on game mode and the sensitivity that goes with it."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._task: Optional[asyncio.Task[None]] = None
        self._poke = asyncio.Event()
        self._settled = asyncio.Event()
        self._helper: Optional[Helper] = None
        self._bus: Optional[Bus] = None
        self._patient = False
        self._factor: Optional[int] = None
        self._factor_in_force: Optional[int] = None
        self.state = OFF
        self.refusal: Optional[Refusal] = None

    def start(self, factor: Optional[int], patient: bool) -> None:
        """Begins to hold. A patient one waits for a helper that is absent or refuses."""
        self._factor = factor
        self._patient = patient
        if self._task is None or self._task.done():
            self.refusal = None
            self._set(TRYING)
            self._task = asyncio.create_task(self._run())
        else:
            self._poke.set()

    async def settled(self, seconds: float) -> None:
        """Waits until the first attempts are over, or so long."""
        try:
            await asyncio.wait_for(self._settled.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    def set_factor(self, factor: int) -> None:
        """Changes the sensitivity; of several in a row only the last is sent."""
        self._factor = factor
        self._poke.set()

    def look_again(self) -> None:
        """The player opens the panel: tries again what waits, forgets what was refused for good."""
        if self._task is None or self._task.done():
            self.refusal = None
            self._set(OFF)
        elif self.state in (REFUSED, WAITING):
            self._poke.set()

    async def stop(self, say: bool) -> None:
        """Ends the hold. With `say` the helper is told, which also ends what it keeps for this
        user (the player pressed the switch); without, closing the connection is all."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        bus, helper = self._bus, self._helper
        self._bus = self._helper = None
        self.refusal = None
        try:
            if say:
                if bus is None or helper is None or bus.closed:
                    bus = await Bus.connect()
                    helper = Helper(bus, lambda: None)
                await helper.leave_game_mode()
        except (BusError, Gone) as error:
            if not is_silent(error):
                self.refusal = Refusal.of("leave", error)
        finally:
            if bus is not None:
                bus.close()
            self._set(OFF)

    def drop(self) -> None:
        """Leaves the bus at once: the plugin ends."""
        if self._task is not None:
            self._task.cancel()
        if self._bus is not None:
            self._bus.close()

    async def _run(self) -> None:
        attempt = 0
        while True:
            self._poke.clear()
            try:
                await self._hold()
                attempt = 0
                pause = PAUSES_SECONDS[0]
            except (BusError, Gone) as error:
                self.refusal = Refusal.of("enter", error)
                attempt += 1
                if is_passing(error):
                    if not self._patient and attempt >= PATIENT_ATTEMPTS:
                        self._give_up()
                        return
                    pause = PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS)) - 1]
                    self._set(WAITING, settled=self._patient)
                elif self._patient:
                    pause = REFUSED_PAUSE_SECONDS
                    self._set(REFUSED)
                else:
                    self._give_up()
                    return
            await self._pause(pause)

    def _give_up(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = self._helper = None
        self._set(REFUSED)

    async def _hold(self) -> None:
        """Holds until the helper or the bus is gone."""
        if self._bus is None or self._bus.closed or self._helper is None:
            self._bus = await Bus.connect()
            self._helper = Helper(self._bus, self._poke.set)
            await self._helper.follow(properties=False)
        bus, helper = self._bus, self._helper
        was_there, before = helper.present, helper.generation
        await helper.enter_game_mode()
        # The call itself may have started the helper; any other change of owner lost the lease.
        generation = before if was_there else before + 1
        if helper.generation != generation or not helper.present:
            raise Gone("the helper was restarted meanwhile")
        self._factor_in_force = None
        self.refusal = None
        # Whoever held it once waits for the helper's return.
        self._patient = True
        await self._apply_factor(helper)
        self._set(HELD)
        while not bus.closed and helper.generation == generation:
            if self._factor != self._factor_in_force:
                await self._apply_factor(helper)
                self._on_change()
            await self._poke.wait()
            self._poke.clear()
        self._set(WAITING)

    async def _apply_factor(self, helper: Helper) -> None:
        while self._factor is not None and self._factor != self._factor_in_force:
            factor = self._factor
            try:
                await helper.set_ema_factor(factor)
                if self.refusal is not None and self.refusal.what == "ema":
                    self.refusal = None
            except BusError as error:
                if is_silent(error):
                    raise
                self.refusal = Refusal.of("ema", error)
            # Refused or not: not asked again until the player chooses another.
            self._factor_in_force = factor

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._poke.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    def _set(self, state: str, settled: bool = True) -> None:
        self.state = state
        if state == TRYING or not settled:
            self._settled.clear()
        else:
            self._settled.set()
        self._on_change()
