"""Open agent windows: each has a secret token, one caller, one order and at most one signature."""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from card_agent import clock
from card_agent.errors import CardBusy, UnknownPage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from card_agent.wire import Order

LIFETIME_SECONDS = 600.0
_MAXIMUM_PAGES = 64
_TOKEN_BYTES = 32


class Purpose(StrEnum):
    """Which of the two pages was opened."""

    AUTH = "auth"
    SIGN = "sign"


@dataclass(frozen=True)
class BoundPage:
    """A window whose caller is allowed and whose order can no longer change."""

    caller: str
    order: Order


@dataclass(frozen=True)
class _Page:
    purpose: Purpose
    opened: float
    bound: BoundPage | None = None
    signing: bool = False


class PageStore:
    """The windows opened in the last ten minutes. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, _Page] = {}

    def open(self, purpose: Purpose) -> str:
        """A token for a new window; the oldest gives way when there are too many."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            self._forget_old()
            self._pages[token] = _Page(purpose, clock.uptime())
        return token

    def purpose(self, token: str) -> Purpose:
        """What the window was opened for. Raises UnknownPage."""
        with self._lock:
            return self._get(token).purpose

    def bind(self, token: str, page: BoundPage) -> None:
        """Fix caller and order for good. Raises UnknownPage, also when the window is bound."""
        with self._lock:
            current = self._get(token)
            if current.bound:
                raise UnknownPage
            self._pages[token] = replace(current, bound=page)

    def bound(self, token: str) -> BoundPage:
        """Caller and order of a window. Raises UnknownPage before there are any."""
        with self._lock:
            return self._bound(token)

    @contextmanager
    def signing(self, token: str) -> Iterator[BoundPage]:
        """One attempt to sign. A clean end spends the window; an error leaves it for another try.

        Raises CardBusy when an attempt of the same window is still running.
        """
        with self._lock:
            page = self._bound(token)
            if self._pages[token].signing:
                raise CardBusy
            self._set_signing(token, signing=True)
        try:
            yield page
            self.close(token)
        finally:
            with self._lock:
                self._set_signing(token, signing=False)

    def close(self, token: str) -> None:
        """Forget the window; its token opens nothing any more."""
        with self._lock:
            self._pages.pop(token, None)

    def _get(self, token: str) -> _Page:
        page = self._pages.get(token)
        if page is None or clock.uptime() - page.opened > LIFETIME_SECONDS:
            raise UnknownPage
        return page

    def _bound(self, token: str) -> BoundPage:
        bound = self._get(token).bound
        if bound is None:
            raise UnknownPage
        return bound

    def _set_signing(self, token: str, *, signing: bool) -> None:
        if token in self._pages:
            self._pages[token] = replace(self._pages[token], signing=signing)

    def _forget_old(self) -> None:
        oldest_allowed = clock.uptime() - LIFETIME_SECONDS
        kept = {t: page for t, page in self._pages.items() if page.opened >= oldest_allowed}
        self._pages = dict(list(kept.items())[-(_MAXIMUM_PAGES - 1) :])
