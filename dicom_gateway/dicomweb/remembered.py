"""Lists answered lately, good for as long as nothing at all has been written to the index.

Both databases tell it for less than a list costs: SQLite by ``PRAGMA data_version``, PostgreSQL by
``pg_current_snapshot()``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from dicom_gateway.index.engine import change_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from sqlalchemy import Engine

    from dicom_gateway.dicomweb.problem import Answer

MOST_ANSWERS: Final = 64
LONGEST_BODY: Final = 256 * 1024
EMPTY: Final = b"[]"
"""Never remembered: what a list lacks may be asked of a peer each time."""


class RecentLists:
    """The answers of one web process, by what was asked and what the asker may see."""

    def __init__(self, engine: Engine) -> None:
        self._sign = change_sign(engine)
        self._seen: Hashable = None
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer to ``key``: the remembered one, or the one ``make`` gives now."""
        before = self._sign()
        with self._lock:
            if before != self._seen:
                self._answers.clear()
                self._seen = before
            known = self._answers.get(key)
        if known is not None:
            return known
        made = make()
        with self._lock:
            if self._seen == before and len(EMPTY) < len(made.body) <= LONGEST_BODY:
                self._answers[key] = made
                while len(self._answers) > MOST_ANSWERS:
                    self._answers.popitem(last=False)
        return made
