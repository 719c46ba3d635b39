"""What is sent whole: the order, how much there is, and what happens to one that is gone."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from dicom_gateway.errors import BlobMissing
from dicom_gateway.index.engine import reading
from dicom_gateway.index.sending import Volume, whole_objects, whole_of
from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    from tests.dicom_gateway.stage import Gateway

STUDY = "1.2.3.4"


def test_objects_come_in_the_order_of_their_numbers_over_many_pages(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(number=2), ct(number=1))
    with reading(any_gateway.engine) as connection:
        whole = whole_of(connection, STUDY, None, None)
        [first] = whole_of(connection, STUDY, None, f"{STUDY}.1.1").object_ids
    assert whole.object_ids[0] == first
    found = list(whole_objects(any_gateway.engine, whole.object_ids * 100))
    assert len({one.file_name for one in found}) == 2
    assert found == found[:2] * 100


def test_the_volumes_are_those_of_the_objects(gateway: Gateway) -> None:
    other = ct(number=3)
    other.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    gateway.take_in(ct(number=1), ct(number=2), other)
    with reading(gateway.engine) as connection:
        whole = whole_of(connection, STUDY, None, None)
    sizes: dict[str, list[int]] = {}
    for one in whole_objects(gateway.engine, whole.object_ids):
        sizes.setdefault(one.transfer_syntax_uid, []).append(one.size)
    assert set(whole.volumes) == {
        Volume(kind, len(all_), sum(all_)) for kind, all_ in sizes.items()
    }
    assert sorted(volume.objects for volume in whole.volumes) == [1, 2]


def test_one_that_is_not_listed_any_more_ends_the_answer(gateway: Gateway) -> None:
    gateway.take_in(ct())
    with reading(gateway.engine) as connection:
        ids = whole_of(connection, STUDY, None, None).object_ids
    objects = whole_objects(gateway.engine, ids + array("q", [ids[0] + 1]))
    assert next(objects).size > 0
    with pytest.raises(BlobMissing):
        next(objects)
