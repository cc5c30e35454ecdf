"""The helper as a client sees it: its calls, its properties, who owns its name. The contract is
dbus/io.github.evenkeel.Helper1.xml. When to call what is hold.py's and panel.py's business."""

import socket
from typing import Any, Callable, Optional, Union

from jeepney import DBusAddress, FileDescriptor, HeaderFields, Message, message_bus

from .bus import BUS_SENDER, Bus, BusError, Gone

NAME = "io.github.evenkeel.Helper1"
PATH = "/io/github/evenkeel/Helper1"
ERROR_PREFIX = "io.github.evenkeel.Error."
PROPERTIES = "org.freedesktop.DBus.Properties"

HELPER = DBusAddress(PATH, bus_name=NAME, interface=NAME)
READER = DBusAddress(PATH, bus_name=NAME, interface=PROPERTIES)

# `hold` 0 of the contract: the change ends with the caller's connection.
HOLD_CONNECTION = 0

_OWNER_RULE = (
    f"type='signal',sender='{BUS_SENDER}',interface='{BUS_SENDER}',"
    f"member='NameOwnerChanged',path='/org/freedesktop/DBus',arg0='{NAME}'"
)
_PROPERTIES_RULE = (
    f"type='signal',sender='{NAME}',interface='{PROPERTIES}',"
    f"member='PropertiesChanged',path='{PATH}',arg0='{NAME}'"
)

# By these names the bus says that nobody answered and nobody could be started.
_SILENT = {
    "org.freedesktop.DBus.Error." + name
    for name in (
        "ServiceUnknown",
        "NameHasNoOwner",
        "NoReply",
        "NoServer",
        "Disconnected",
        "Timeout",
        "TimedOut",
    )
}
_SILENT_PREFIXES = ("org.freedesktop.DBus.Error.Spawn.", "org.freedesktop.systemd1.")

Failure = Union[BusError, Gone]


def is_silent(error: Failure) -> bool:
    """Whether nobody answered, as opposed to somebody who refused."""
    if isinstance(error, Gone):
        return True
    return error.name in _SILENT or error.name.startswith(_SILENT_PREFIXES)


def is_passing(error: Failure) -> bool:
    """Whether the same call may well succeed in a moment: a helper that is just leaving, idle, is
    busy, and the next one will be there."""
    return is_silent(error) or (isinstance(error, BusError) and error.name == ERROR_PREFIX + "Busy")


def word_of(error: Failure) -> str:
    """The failure in one word for the panel: the helper's own error (`NotAuthorized`, ...),
    `Silent`, `Blocked` (the bus lets nobody call), or `Unknown`."""
    if is_silent(error):
        return "Silent"
    if error.name.startswith(ERROR_PREFIX):
        return error.name[len(ERROR_PREFIX) :]
    return "Blocked" if error.name.endswith(".AccessDenied") else "Unknown"


def text_of(error: Failure) -> str:
    """The failure's sentence, bounded."""
    return (error.text if isinstance(error, BusError) else str(error))[:400]


class Helper:
    """The helper over one connection. `on_change` is called when a property or the owner changed;
    `properties` is empty until `read` and again when the owner went."""

    def __init__(self, bus: Bus, on_change: Callable[[], None]) -> None:
        self._bus = bus
        self._on_change = on_change
        self._owner = ""
        # Counts owners: something held by an older one is lost.
        self.generation = 0
        self.properties: dict[str, Any] = {}
        self.stale = True
        bus.on_signal = self._signal
        bus.on_closed = on_change

    @property
    def present(self) -> bool:
        """Whether somebody owns the helper's name."""
        return bool(self._owner)

    async def follow(self, properties: bool) -> None:
        """Asks for the signals, then who owns the name: in this order none is missed."""
        await self._bus.add_match(_OWNER_RULE)
        if properties:
            await self._bus.add_match(_PROPERTIES_RULE)
        try:
            (owner,) = await self._bus.call(message_bus.GetNameOwner(NAME))
            self._owner = owner
        except BusError:
            self._owner = ""

    async def can_be_started(self) -> bool:
        """Whether the bus starts a helper for a call."""
        try:
            (names,) = await self._bus.call(message_bus.ListActivatableNames())
        except BusError:
            return False
        return NAME in names

    async def read(self) -> None:
        """Reads all properties; starts the helper where the bus can."""
        self.stale = False
        try:
            (found,) = await self._bus.method(READER, "GetAll", "s", (NAME,))
        except (BusError, Gone):
            self.stale = True
            raise
        self.properties = {name: plain(value) for name, value in found.items()}

    async def subscribe(self, hz: int) -> socket.socket:
        """Opens the live feed."""
        (descriptor,) = await self._bus.method(HELPER, "Subscribe", "u", (hz,))
        if not isinstance(descriptor, FileDescriptor):
            raise BusError("", "the helper sent no feed")
        return descriptor.to_socket()

    async def enter_game_mode(self) -> None:
        """Holds game mode by this connection."""
        await self._bus.method(HELPER, "EnterGameMode", "u", (HOLD_CONNECTION,))

    async def leave_game_mode(self) -> None:
        """Ends this connection's hold and what is kept for this user."""
        await self._bus.method(HELPER, "LeaveGameMode")

    async def set_ema_factor(self, factor: int) -> None:
        """Holds a sensitivity by this connection."""
        await self._bus.method(HELPER, "SetEmaFactor", "uu", (factor, HOLD_CONNECTION))

    def _signal(self, message: Message) -> None:
        fields = message.header.fields
        sender = fields.get(HeaderFields.sender)
        member = fields.get(HeaderFields.member)
        if sender == BUS_SENDER and member == "NameOwnerChanged":
            name, _, owner = message.body
            if name == NAME:
                self._owner = owner
                self.generation += 1
                self.properties = {}
                self.stale = True
                self._on_change()
        # A signal carries the sender's own name (":1.7"), never the well-known one.
        elif sender == self._owner and member == "PropertiesChanged":
            interface, changed, invalidated = message.body
            if interface == NAME:
                self.properties.update({key: plain(value) for key, value in changed.items()})
                self.stale = self.stale or bool(invalidated)
                self._on_change()


def plain(value: Any) -> Any:
    """A value without its D-Bus types: jeepney gives a variant as (signature, value)."""
    signature, inner = value
    return _plain(signature, inner)


def _plain(signature: str, value: Any) -> Any:
    if signature == "aa{sv}":
        return [{key: plain(item) for key, item in entry.items()} for entry in value]
    return value


def number(value: Any, fallback: int = 0) -> int:
    """A number of the helper's, or the fallback."""
    return value if isinstance(value, int) and not isinstance(value, bool) else fallback


def text(value: Any, limit: int) -> str:
    """A text of the helper's, bounded."""
    return value[:limit] if isinstance(value, str) else ""


def entries(value: Any, limit: int) -> list[dict[str, Any]]:
    """A list of dictionaries of the helper's, bounded."""
    found = value if isinstance(value, list) else []
    return [entry for entry in found[:limit] if isinstance(entry, dict)]


def pair(value: Any) -> Optional[tuple[Any, Any]]:
    """A structure of two, or None."""
    return (value[0], value[1]) if isinstance(value, (tuple, list)) and len(value) == 2 else None
