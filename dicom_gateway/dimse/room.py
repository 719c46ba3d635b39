"""Who finds room: so many associations altogether and of one address, and silent ones give way.

A negotiated association that says nothing is aborted when its idle time is over; PS3.8 leaves
that to the implementation. Until then it must not shut others out. Who is being served, however
silent the peer meanwhile, keeps its place.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final, cast

import structlog

from dicom_gateway.dimse.reception import ServingAssociation
from dicom_gateway.errors import GatewayError

if TYPE_CHECKING:
    from pynetdicom.association import Association

log = structlog.get_logger()

MAXIMUM_ASSOCIATIONS: Final = 48
MAXIMUM_OF_ONE_ADDRESS: Final = 24
GIVES_WAY_SECONDS: Final = 10.0
"""A peer that has said nothing for so long can be expected to call again."""


_ONE_AFTER_ANOTHER: Final = threading.Lock()


class NoRoom(GatewayError):
    """Every association there may be is in use."""

    code = "no-room"


def make_room(newcomer: Association) -> None:
    """Let one more association be negotiated; a silent one is aborted for it if need be.

    A connection that never asks for an association counts for none.

    Raises:
        NoRoom: as many as there may be are in use.
    """
    with _ONE_AFTER_ANOTHER:
        others = [one for one in newcomer.ae.active_associations if _takes_room(one)]
        own = [one for one in others if one.requestor.address == newcomer.requestor.address]
        if len(own) >= MAXIMUM_OF_ONE_ADDRESS:
            _give_way(own)
        elif len(others) >= MAXIMUM_ASSOCIATIONS:
            _give_way(others)
        cast("ServingAssociation", newcomer).is_let_in = True


def _takes_room(association: Association) -> bool:
    """Whether it is negotiated, or just about to be."""
    if not isinstance(association, ServingAssociation):
        return False
    is_over = association.is_aborted or association.is_released or association.is_rejected
    return association.is_established or (association.is_let_in and not is_over)


def _give_way(crowd: list[Association]) -> None:
    """Abort who was silent for longest, first at the address that holds the most."""
    of_address = Counter(one.requestor.address for one in crowd)
    silent = [one for one in crowd if _silence(one) >= GIVES_WAY_SECONDS and not _is_served(one)]
    if not silent:
        raise NoRoom("too many associations")
    last = max(silent, key=lambda one: (of_address[one.requestor.address], _silence(one)))
    log.info("silent association gives way", peer=last.requestor.ae_title)
    last.abort(block=False)


def _silence(association: Association) -> float:
    """Seconds since the peer said anything."""
    timer = association.dul._idle_timer
    return (timer.timeout or 0.0) - timer.remaining


def _is_served(association: Association) -> bool:
    return cast("ServingAssociation", association).is_at_work
