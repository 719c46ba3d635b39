"""A later folding reaches the names that are stored, once; migrations fold nothing."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, text, update

from config.settings import ROOT
from dicom_gateway import names
from dicom_gateway.index import refolding
from dicom_gateway.index.engine import reading
from dicom_gateway.index.layout import create_schema
from dicom_gateway.index.models import Folding, NameTerm, Study
from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    from tests.dicom_gateway.stage import Gateway

VERSIONS = ROOT / "dicom_gateway" / "index" / "migrations" / "versions"
SPELLINGS = "".join(map(chr, (*range(0x20, 0x250), *range(0x3000, 0x3100), *range(0xFF00, 0xFFA0))))


def found(gateway: Gateway) -> list[str]:
    answer = gateway.get("/studies?PatientName=*MIHON*", "1.2.3.4")
    return [one["0020000D"]["Value"][0] for one in answer.get_json()] if answer.data else []


def as_folded_once(gateway: Gateway) -> None:
    """Names and terms as another folding wrote them."""
    with gateway.engine.begin() as connection:
        connection.execute(update(Folding).values(mark="0/earlier"))
        connection.execute(update(Study).values(name_alphabetic="MIH0N", name_phonetic="x"))
        connection.execute(delete(NameTerm))
        connection.execute(text("INSERT INTO name_terms VALUES ('MIH0N', 'MIH0N')"))


def test_names_of_an_earlier_folding_are_folded_anew_and_found(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(), ct(study="1.2.3.5", PatientName="", PatientID="B-1"))
    with reading(any_gateway.engine) as connection:
        before = connection.execute(select(Study.__table__).order_by(Study.study_date)).all()
        terms = set(connection.execute(select(NameTerm.suffix, NameTerm.term)))
    as_folded_once(any_gateway)
    assert found(any_gateway) == []
    create_schema(any_gateway.engine)
    assert found(any_gateway) == ["1.2.3.4"]
    with reading(any_gateway.engine) as connection:
        assert set(connection.execute(select(NameTerm.suffix, NameTerm.term))) == terms
        after = connection.execute(select(Study.__table__).order_by(Study.study_date)).all()
        assert set(map(tuple, after)) == set(map(tuple, before))
        assert refolding.is_folded(connection)


def test_names_that_stand_are_left_alone(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.take_in(ct())
    monkeypatch.setattr(refolding, "refold", pytest.fail)
    create_schema(gateway.engine)


def test_more_studies_than_are_read_at_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.take_in(*(ct(study=f"1.2.3.{number}") for number in range(4, 9)))
    as_folded_once(gateway)
    monkeypatch.setattr(refolding, "AT_ONCE", 2)
    create_schema(gateway.engine)
    with reading(gateway.engine) as connection:
        assert set(connection.scalars(select(Study.name_alphabetic))) == {names.fold("Mihon^Tarou")}


def test_a_change_of_the_folding_raises_its_number() -> None:
    """Whoever sees this fail has changed ``fold``: raise ``FOLDING``, then note both here."""
    folded = "\n".join(map(names.fold, SPELLINGS))
    assert (names.FOLDING, f"{zlib.crc32(folded.encode()):08x}") == (1, "9dc43624")


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("v*.py")), ids=lambda path: path.stem)
def test_a_migration_uses_nothing_of_the_program(path: object) -> None:
    source = path.read_text("utf-8")  # type: ignore[attr-defined]
    assert re.findall(r"^(?:from|import) (?:dicom_gateway|app|config)\b.*", source, re.M) == []
