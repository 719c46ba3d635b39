"""Listing gives way to receiving, but not for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from dicom_gateway.assembly import build_store
from dicom_gateway.index.indexer import LONGEST_WAIT_SECONDS, index_waiting
from dicom_gateway.index.models import StoredObject
from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    from tests.dicom_gateway.stage import Gateway


def test_listing_waits_while_objects_keep_coming(gateway: Gateway) -> None:
    gateway.send(ct())
    store = build_store(gateway.settings)
    assert index_waiting(gateway.engine, store, calm_seconds=60) == 0
    assert index_waiting(gateway.engine, store) == 1


def test_listing_waits_ten_seconds_at_most(gateway: Gateway) -> None:
    gateway.send(ct(number=1), ct(number=2))
    with gateway.engine.begin() as connection:
        oldest = update(StoredObject).where(StoredObject.id == 1)
        earlier = StoredObject.received_at - LONGEST_WAIT_SECONDS
        connection.execute(oldest.values(received_at=earlier))
    store = build_store(gateway.settings)
    assert index_waiting(gateway.engine, store, calm_seconds=60) == 2
