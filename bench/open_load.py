"""Requests at a fixed rate, whether or not the former ones are answered: as families come.

A closed loop asks less while the server is slow and so hides waiting. Here each request has its
moment, and its time counts from that moment on, also when nobody was free to send it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import NamedTuple

SENDERS = 24
LEAD = 0.3
PERCENTILES = 20
MILLISECONDS = 1000
OK = 200


class Answers(NamedTuple):
    """Times from the moment a request was due to its last byte, in milliseconds."""

    p50_ms: float
    p95_ms: float
    most_ms: float


def at_rate(
    address: tuple[str, int], path: str, cookie: str, *, rate: int, seconds: int
) -> Answers:
    """Ask for one page ``rate`` times a second. Raises ``SystemExit`` for any other status."""
    numbers, start = count(), perf_counter() + LEAD

    def send() -> list[float]:
        connection, times = HTTPConnection(*address, timeout=30), []
        for number in iter(lambda: next(numbers), None):
            if number >= rate * seconds:
                break
            due = start + number / rate
            sleep(max(0.0, due - perf_counter()))
            connection.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != OK:
                raise SystemExit(f"{path}: {answer.status}")
            times.append(perf_counter() - due)
        connection.close()
        return times

    with ThreadPoolExecutor(SENDERS) as crowd:
        shares = [crowd.submit(send) for _ in range(SENDERS)]
        times = [MILLISECONDS * one for share in shares for one in share.result()]
    p95 = quantiles(times, n=PERCENTILES)[-1]
    return Answers(round(median(times), 1), round(p95, 1), round(max(times), 1))
