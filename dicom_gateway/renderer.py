"""Pictures of frames for browsers, decoded in a process of its own that may die.

Decoders read what others have sent. Theirs is a child process without network duty, with limits on
memory and time; when it dies or hangs, one request is refused and the next one gets a new child.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from dicom_gateway.errors import NotRenderable

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger()

LONGEST_SECONDS: Final = 20.0
START_SECONDS: Final = 60.0
MOST_ANSWER_BYTES: Final = 256 * 1024**2
HEAD: Final = struct.Struct("<?I")
_COMMAND: Final = (sys.executable, "-m", "dicom_gateway.render_child")


@dataclass(frozen=True)
class Window:
    """A VOI window (PS3.3 C.11.2); ``function`` is LINEAR, LINEAR_EXACT or SIGMOID."""

    center: float
    width: float
    function: str = "LINEAR"


@dataclass(frozen=True)
class Picture:
    """What is to be drawn: frame from 1; ``columns`` and ``rows`` bound the picture, 0: as it is;
    ``region`` is (left, top, width, height) in pixels of the frame."""

    frame: int
    kind: str = "JPEG"
    quality: int = 90
    window: Window | None = None
    columns: int = 0
    rows: int = 0
    region: tuple[int, int, int, int] | None = None


@dataclass
class Renderer:
    """One warm child at a time; requests wait for one another."""

    _child: subprocess.Popen[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def draw(self, path: Path, picture: Picture) -> bytes:
        """The encoded picture.

        Raises:
            NotRenderable: no pixels, an unknown encoding, too large, or the decoder gave up.
        """
        return self._done({"path": str(path), "picture": asdict(picture)})

    def recode(self, path: Path, frame: int, target: str) -> bytes:
        """Frame (from 1) as Explicit VR Little Endian or lossless JPEG-LS, by transfer syntax UID.

        Raises:
            NotRenderable: colour, an unknown encoding, too large, or the decoder gave up.
        """
        return self._done({"path": str(path), "recode": [frame, target]})

    def _done(self, task: dict[str, Any]) -> bytes:
        job = json.dumps(task).encode() + b"\n"
        with self._lock:
            good, content = self._ask(job)
        if not good:
            raise NotRenderable(content.decode("ascii", "replace"))
        return content

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, job: bytes) -> tuple[bool, bytes]:
        try:
            child = self._living()
            return _exchange(child, job, LONGEST_SECONDS)
        except (OSError, EOFError):
            self._end()
            log.warning("the decoding process died")
            return False, b"the pixels of this frame cannot be decoded here"

    def _living(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            _exchange(self._child, b"", START_SECONDS)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):
                _pipe(pipe).close()
        child.wait()


def _exchange(
    child: subprocess.Popen[bytes], job: bytes, longest_seconds: float
) -> tuple[bool, bytes]:
    """Hand a job over and wait for its answer; a child that has just started sends one unasked.

    Raises:
        OSError, EOFError: the child died, or was ended because it took too long.
    """
    alarm = threading.Timer(longest_seconds, child.kill)
    alarm.start()
    try:
        if job:
            _pipe(child.stdin).write(job)
            _pipe(child.stdin).flush()
        good, length = HEAD.unpack(_exactly(child, HEAD.size))
        return good, _exactly(child, min(length, MOST_ANSWER_BYTES))
    finally:
        alarm.cancel()


def _exactly(child: subprocess.Popen[bytes], length: int) -> bytes:
    data = _pipe(child.stdout).read(length)
    if len(data) != length:
        raise EOFError
    return bytes(data)


def _pipe(pipe: Any) -> Any:
    """A pipe that :meth:`Renderer._living` has asked for."""
    if pipe is None:
        raise EOFError
    return pipe
