"""The desk: one simulated reader for each card folder, each with at most one holder."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import structlog

from simulators.card.card import SimulatedCard
from simulators.card.folder import DESCRIPTION, CardFolder, UnreadableCard, read_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log = structlog.get_logger(__name__)


class DeskRefusal(Exception):
    """The desk cannot do this. ``code`` is unknown-reader, no-card or busy."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class ReaderState:
    """One line of LIST."""

    reader: str
    label: str
    card_present: bool
    busy: bool
    contactless: bool

    def as_json(self) -> dict[str, str | bool]:
        """The members as they go over the wire."""
        return asdict(self)


class CardDesk:
    """Readers found in a folder of card folders. Safe to use from several threads."""

    def __init__(self, cards: Path) -> None:
        self._cards = cards
        self._lock = threading.Lock()
        self._removed: set[str] = set()
        self._holders: dict[str, Callable[[], None]] = {}

    def readers(self) -> list[ReaderState]:
        """Every reader, by name; folders are looked through anew, so issued cards appear."""
        with self._lock:
            return [self._state(folder) for folder in self._folders()]

    def open(self, reader: str, *, on_removal: Callable[[], None]) -> SimulatedCard:
        """Power the card up for one holder. ``on_removal`` is called when the card is taken out.

        Raises DeskRefusal unknown-reader, no-card or busy.
        """
        with self._lock:
            folder = self._folder(reader)
            if reader in self._removed:
                raise DeskRefusal("no-card")
            if reader in self._holders:
                raise DeskRefusal("busy")
            self._holders[reader] = on_removal
        return SimulatedCard(folder)

    def close(self, reader: str, on_removal: Callable[[], None]) -> None:
        """End the holding that was opened with this callback; the card loses power."""
        with self._lock:
            if self._holders.get(reader) is on_removal:
                del self._holders[reader]

    def remove(self, reader: str) -> None:
        """Take the card out, also from under a holder."""
        with self._lock:
            self._folder(reader)
            self._removed.add(reader)
            holder = self._holders.pop(reader, None)
        if holder:
            holder()

    def insert(self, reader: str) -> None:
        """Put the card back."""
        with self._lock:
            self._folder(reader)
            self._removed.discard(reader)

    def _state(self, folder: CardFolder) -> ReaderState:
        name = folder.path.name
        return ReaderState(
            reader=name,
            label=folder.label,
            card_present=name not in self._removed,
            busy=name in self._holders,
            contactless=folder.contactless,
        )

    def _folders(self) -> list[CardFolder]:
        readable = []
        # A name that begins with a dot is a folder still being written.
        for description in sorted(self._cards.glob(f"[!.]*/{DESCRIPTION}")):
            try:
                readable.append(read_folder(description.parent))
            except UnreadableCard as error:
                _log.warning("card_folder_unreadable", folder=error.folder.name)
        return readable

    def _folder(self, reader: str) -> CardFolder:
        for folder in self._folders():
            if folder.path.name == reader:
                return folder
        raise DeskRefusal("unknown-reader")
