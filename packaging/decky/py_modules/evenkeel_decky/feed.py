"""The live feed: its frames (the layout stands in evenkeel-dbus, feed.rs) and the socket that
carries them. What is drawn of them is live.py's business."""

import asyncio
import socket
import struct
from typing import Callable, NamedTuple, Optional, Union

MAGIC = b"EKF1"
MAX_RECORDS = 64
HEADER = struct.Struct("<4sIIHH")
RECORD = struct.Struct("<BBHIQQQQ")
MAX_FRAME_BYTES = HEADER.size + MAX_RECORDS * RECORD.size
MAX_FRAMES_AT_ONCE = 16

KIND_SAMPLE, KIND_ESTIMATE, KIND_LEADER = 1, 2, 3
FLAG_LOST = 1
FLAG_GAME_MODE = 1


class Sample(NamedTuple):
    """A probe was answered, or given up: then `rtt_ns` is None."""

    ifindex: int
    at_ns: int
    rtt_ns: Optional[int]


class Estimate(NamedTuple):
    """The estimates of one uplink; `state` as in the interface XML."""

    ifindex: int
    at_ns: int
    state: int
    share_permille: int
    rtt_ns: int
    jitter_ns: int
    slow_jitter_ns: int


class Leader(NamedTuple):
    """The leader (0: none) or game mode changed."""

    ifindex: int
    at_ns: int
    game_mode: bool


Record = Union[Sample, Estimate, Leader]


class NoFrame(ValueError):
    """The bytes are no frame of this version."""


def decode(frame: bytes) -> tuple[int, int, list[Record]]:
    """Frame number, frames dropped so far, records. Records of an unknown kind are passed over."""
    if len(frame) < HEADER.size:
        raise NoFrame(f"{len(frame)} bytes are no frame")
    magic, number, dropped, records, _ = HEADER.unpack_from(frame)
    if magic != MAGIC:
        raise NoFrame("it does not begin as a frame; helper and plugin may differ in version")
    if records > MAX_RECORDS or len(frame) != HEADER.size + records * RECORD.size:
        raise NoFrame(f"{len(frame)} bytes do not hold {records} records")
    found = (_record(*fields) for fields in RECORD.iter_unpack(frame[HEADER.size :]))
    return number, dropped, [record for record in found if record is not None]


def _record(
    kind: int, flags: int, share: int, ifindex: int, at_ns: int, *values: int
) -> Optional[Record]:
    if kind == KIND_SAMPLE:
        return Sample(ifindex, at_ns, None if flags & FLAG_LOST else values[0])
    if kind == KIND_ESTIMATE:
        return Estimate(ifindex, at_ns, flags, share, *values)
    if kind == KIND_LEADER:
        return Leader(ifindex, at_ns, bool(flags & FLAG_GAME_MODE))
    return None


class Feed:
    """Reads frames as they come and hands their records on. Closes itself at the feed's end."""

    def __init__(
        self,
        sock: socket.socket,
        on_records: Callable[[list[Record]], None],
        on_end: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._on_records = on_records
        self._on_end = on_end
        self.closed = False
        sock.setblocking(False)
        self._loop.add_reader(sock.fileno(), self._readable)

    def close(self) -> None:
        """Ends the feed; the helper stops sampling when nobody else listens."""
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()

    def _readable(self) -> None:
        for _ in range(MAX_FRAMES_AT_ONCE):
            try:
                frame = self._sock.recv(MAX_FRAME_BYTES)
                if not frame:
                    break
                self._on_records(decode(frame)[2])
            except BlockingIOError:
                return
            except (OSError, NoFrame):
                break
        else:
            return
        self.close()
        self._on_end()
