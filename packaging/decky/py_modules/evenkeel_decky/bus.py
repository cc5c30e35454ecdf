"""One connection to the system bus on the running asyncio loop, over jeepney's parser.

jeepney's own asyncio connection takes no file descriptors, and the live feed is one. What the
helper's answers mean is helper.py's business.
"""

import asyncio
import socket
from itertools import count
from typing import Any, Callable, Optional

from jeepney import (
    DBusAddress,
    FileDescriptor,
    HeaderFields,
    Message,
    MessageFlag,
    MessageType,
    Parser,
    find_system_bus,
    message_bus,
    new_method_call,
)
from jeepney.auth import BEGIN, Authenticator

CONNECT_SECONDS = 5.0
CALL_SECONDS = 15.0
# The helper's largest answer is a few kilobytes.
MAX_MESSAGE_BYTES = 1 << 20
MAX_CALLS = 32
MAX_MESSAGES_AT_ONCE = 64
MAX_FDS = 4

# The bus itself: nobody can fake this sender.
BUS_SENDER = "org.freedesktop.DBus"


class BusError(Exception):
    """The bus or the helper answered with an error: its name and its sentence."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


class Gone(Exception):
    """There is no connection, or it broke, or no answer came in time."""


class Bus:
    """An authenticated connection. Made by `Bus.connect`; must be closed."""

    def __init__(self, sock: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._parser = Parser()
        self._serials = count(start=1)
        self._pending: dict[int, asyncio.Future[Message]] = {}
        self._send_lock = asyncio.Lock()
        self.closed = False
        self.on_signal: Optional[Callable[[Message], None]] = None
        self.on_closed: Optional[Callable[[], None]] = None

    @classmethod
    async def connect(cls) -> "Bus":
        """Connects and says hello. Raises Gone when there is no bus."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.setblocking(False)
        bus = cls(sock)
        try:
            await asyncio.wait_for(bus._greet(), CONNECT_SECONDS)
        except (OSError, ValueError, RuntimeError, asyncio.TimeoutError, BusError) as error:
            bus.close()
            raise Gone(f"the system bus does not answer: {error}") from error
        except BaseException:
            bus.close()
            raise
        return bus

    async def _greet(self) -> None:
        await self._loop.sock_connect(self._sock, find_system_bus())
        conversation = Authenticator(enable_fds=True)
        for line in conversation:
            await self._loop.sock_sendall(self._sock, line)
            heard = await self._loop.sock_recv(self._sock, 1024)
            if not heard:
                raise Gone("the system bus closed the connection")
            conversation.feed(heard)
        await self._loop.sock_sendall(self._sock, BEGIN)
        self._loop.add_reader(self._sock.fileno(), self._readable)
        await self.call(message_bus.Hello())

    async def call(self, message: Message, seconds: float = CALL_SECONDS) -> tuple[Any, ...]:
        """Calls a method and returns its answer. Raises BusError or Gone."""
        if self.closed:
            raise Gone("the connection to the system bus is closed")
        if len(self._pending) >= MAX_CALLS:
            raise Gone("too many calls are waiting for the system bus")
        serial = next(self._serials)
        answer: asyncio.Future[Message] = self._loop.create_future()
        self._pending[serial] = answer
        try:
            await asyncio.wait_for(self._send_and_await(message, serial, answer), seconds)
        except asyncio.TimeoutError as error:
            raise Gone("no answer came in time") from error
        except OSError as error:
            self.close()
            raise Gone(str(error)) from error
        finally:
            self._pending.pop(serial, None)
        reply = answer.result()
        if reply.header.message_type is MessageType.error:
            name = str(reply.header.fields.get(HeaderFields.error_name, ""))
            text = reply.body[0] if reply.body and isinstance(reply.body[0], str) else ""
            raise BusError(name, text)
        return reply.body

    async def _send_and_await(
        self, message: Message, serial: int, answer: "asyncio.Future[Message]"
    ) -> None:
        data = message.serialise(serial)
        async with self._send_lock:
            await self._loop.sock_sendall(self._sock, data)
        await answer

    async def method(
        self,
        address: DBusAddress,
        member: str,
        signature: Optional[str] = None,
        body: tuple[Any, ...] = (),
        autostart: bool = True,
    ) -> tuple[Any, ...]:
        """Calls a method by name."""
        message = new_method_call(address, member, signature, body)
        if not autostart:
            message.header.flags |= MessageFlag.no_auto_start
        return await self.call(message)

    async def add_match(self, rule: str) -> None:
        """Asks the bus for the signals of a rule."""
        await self.call(message_bus.AddMatch(rule))

    def close(self) -> None:
        """Leaves the bus: whatever this connection held ends. May be called again."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        for descriptor in self._parser.fds:
            descriptor.close()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(Gone("the connection to the system bus broke"))
        if self.on_closed is not None:
            self.on_closed()

    def _readable(self) -> None:
        for _ in range(MAX_MESSAGES_AT_ONCE):
            try:
                if not self._read_some():
                    return
            except BlockingIOError:
                return
            except Exception:  # whatever the peer sent that is no D-Bus ends this connection only
                self.close()
                return

    def _read_some(self) -> bool:
        wanted = self._parser.bytes_desired()
        if wanted > MAX_MESSAGE_BYTES:
            raise ValueError("a message is larger than anything the helper sends")
        data, extra, flags, _ = self._sock.recvmsg(
            wanted, socket.CMSG_SPACE(MAX_FDS * 4), socket.MSG_CMSG_CLOEXEC
        )
        descriptors = FileDescriptor.from_ancdata(extra)
        self._parser.add_data(data, descriptors)
        if not data or flags & socket.MSG_CTRUNC:
            self.close()
            return False
        while (message := self._parser.get_next_message()) is not None:
            self._take(message)
            if self.closed:
                return False
        return True

    def _take(self, message: Message) -> None:
        kind = message.header.message_type
        if kind in (MessageType.method_return, MessageType.error):
            serial = message.header.fields.get(HeaderFields.reply_serial)
            answer = self._pending.get(serial)
            if answer is not None and not answer.done():
                answer.set_result(message)
            else:
                close_descriptors(message.body)
        elif kind is MessageType.signal and self.on_signal is not None:
            self.on_signal(message)
        else:
            close_descriptors(message.body)


def close_descriptors(body: tuple[Any, ...]) -> None:
    """Closes what came with a message that nobody wants."""
    for item in body:
        if isinstance(item, FileDescriptor):
            item.close()

