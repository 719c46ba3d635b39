"""A thin line between a reader and a server: so many bits a second, and a delay each way.

A relay of our own, because not every kernel has the disciplines that ``tc`` shapes with. All
connections share one line in each direction, as those of one browser do. The line holds as many
bytes as its delay times its rate and no more, so the sender feels its pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Callable, Iterator

    Opened = Callable[[int, Callable[[], object]], None]
    """Takes the port at the far end, and what closes the line."""

PIECE = 8_192


@dataclass(frozen=True)
class Line:
    """What the line is like."""

    bits_per_second: float
    delay_seconds: float


class _Direction:
    """One way of the line: pieces leave one after the other, and arrive the delay later."""

    def __init__(self, line: Line) -> None:
        self._seconds_a_byte = 8 / line.bits_per_second
        self._delay = line.delay_seconds
        self._free_at = 0.0

    async def arrival(self, size: int) -> float:
        """Wait until the line has taken a piece; when it comes out, on the loop's clock."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size * self._seconds_a_byte
        await asyncio.sleep(self._free_at - now)
        return self._free_at + self._delay


async def _carry(reader: StreamReader, writer: StreamWriter, way: _Direction) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def put_down() -> None:
        loop = asyncio.get_running_loop()
        while True:
            at, piece = await under_way.get()
            await asyncio.sleep(at - loop.time())
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def pick_up() -> None:
        piece = b"-"
        while piece:
            try:
                piece = await reader.read(PIECE)
            except OSError:
                piece = b""
            under_way.put_nowait((await way.arrival(len(piece)), piece))

    with contextlib.suppress(OSError):
        await asyncio.gather(put_down(), pick_up())


async def _relay(
    line: Line, port: int, opened: Callable[[int, Callable[[], object]], None]
) -> None:
    up, down = _Direction(line), _Direction(line)

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        await asyncio.sleep(2 * line.delay_seconds)  # the handshake crosses the line too
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(_carry(reader, back, up), _carry(there, writer, down))

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with await asyncio.start_server(serve, "127.0.0.1", 0, limit=2 * PIECE) as server:
        opened(server.sockets[0].getsockname()[1], partial(loop.call_soon_threadsafe, over.set))
        await over.wait()


@contextmanager
def thin_line(line: Line, port: int) -> Iterator[int]:
    """The port at the far end of a line to ``port`` on this machine."""
    told: SimpleQueue[tuple[int, Callable[[], object]]] = SimpleQueue()
    thread = threading.Thread(
        target=lambda: asyncio.run(_relay(line, port, lambda *one: told.put(one))), daemon=True
    )
    thread.start()
    far_end, close = told.get(timeout=10)
    yield far_end
    close()
    thread.join(10)
