"""Lists over an index as large as ``--studies``, on SQLite and on PostgreSQL.

The rows are written straight into the tables, as ingest would have written them: one study of one
series each, names of made-up people (the same person comes several times, as in a hospital).
Figures of ``qido_*`` are HTTP requests with a token for 200 studies; ``index_*`` are lists over the
whole index, as the hospital's own systems ask for them, measured in this process.
"""

from __future__ import annotations

import random
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Engine, insert, text

from bench.cluster import cluster
from bench.gateway import peers
from bench.gateway.measure import Case, Figures, race
from dicom_gateway.index import listing
from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.layout import create_schema
from dicom_gateway.index.models import NameTerm, Study
from dicom_gateway.index.name_search import NAME_GROUPS, suffixes
from dicom_gateway.index.queries import Page, StudyKey, StudyQuery, study_rows
from dicom_gateway.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Table

_STUDIES: Final = cast("Table", Study.__table__)
_TERMS: Final = cast("Table", NameTerm.__table__)
_AT_ONCE: Final = 5000
_TOKEN_STUDIES: Final = 200
_TURNS: Final = 200
_LIST: Final = "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060"
_DEEP: Final = "/studies?limit=20&offset=180"
_JSON: Final = {"Accept": "application/dicom+json"}
_FAMILY: Final = "見本標本試験架空模擬想定練習手本空想仮想作例実例範例図例凡例雛形仮名例示"
_PLACES: Final = "東西南北上下中大小新古高長松竹梅石森川山田野原沢島浜崎橋"
_GIVEN: Final = "一二三花月星雪空海風光春夏秋冬朝夕青赤白黒緑金銀"
_ENDS: Final = "子美香奈太郎介彦平也男人斗真実紀恵江代枝吾司志哉"


def measure_large_index(folder: Path, studies: int, figures: Figures) -> None:
    """Both databases, one after the other."""
    _measure(folder / "sqlite", "", studies, figures, "")
    with cluster() as url:
        _measure(folder / "postgresql", url, studies, figures, "_postgresql")


def _measure(folder: Path, url: str, studies: int, figures: Figures, database: str) -> None:
    folder.mkdir()
    engine = open_index(url, folder / "var")
    create_schema(engine)
    started = time.monotonic()
    fill(engine, studies)
    _say(f"  {studies} studies written{database} in {time.monotonic() - started:.0f} s")
    suffix = ("_1m" if studies == 1_000_000 else f"_{studies}") + database  # noqa: PLR2004
    for key, found in {**_over_http(folder, url, studies), **_in_process(engine, studies)}.items():
        figures[f"{key}_p50_ms{suffix}"] = round(sorted(found)[len(found) // 2], 3)
        figures[f"{key}_p95_ms{suffix}"] = round(sorted(found)[int(0.95 * len(found))], 3)
        _say(
            f"  {key + suffix:34s} p50 {figures[f'{key}_p50_ms{suffix}']:8.2f} ms"
            f"  p95 {figures[f'{key}_p95_ms{suffix}']:8.2f} ms"
        )
    engine.dispose()


def fill(engine: Engine, studies: int) -> None:
    """Write that many studies, and the terms of their names; indexes are made behind the rows."""
    indexes = sorted(_STUDIES.indexes, key=lambda index: str(index.name))
    for index in indexes:
        index.drop(engine)
    terms: set[str] = set()
    rows = (_row(number) for number in range(studies))
    with engine.begin() as connection:
        while batch := list(islice(rows, _AT_ONCE)):
            terms.update(str(row[group]) for row in batch for group in NAME_GROUPS)
            connection.execute(insert(_STUDIES), batch)
    for index in indexes:
        index.create(engine)
    pairs = iter(sorted({(one, term) for term in terms for one in suffixes(term)}))
    with engine.begin() as connection:
        while pieces := list(islice(pairs, 4 * _AT_ONCE)):
            connection.execute(
                insert(_TERMS), [{"suffix": one, "term": term} for one, term in pieces]
            )
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def uid(number: int) -> str:
    """Identifier of one made study."""
    return f"1.2.826.0.1.3680043.8.498.1.1{number:07d}"


def name_of(number: int) -> str:
    """The three groups of a made person's name; a person has four studies on average."""
    dice = random.Random(number // 4 * 97 + number % 4 // 3)  # noqa: S311 - made data
    family = _FAMILY[2 * dice.randrange(18) :][:2] + dice.choice(_PLACES) + dice.choice(_PLACES)
    given = dice.choice(_GIVEN) + dice.choice(_ENDS)
    sounds = [
        "".join(dice.choice("aiueo") + dice.choice("kstnhmyr") for _ in range(3)) for _ in "ab"
    ]
    kana = ["".join(chr(0x3042 + dice.randrange(80)) for _ in range(4)) for _ in "ab"]
    return f"{'^'.join(sounds).title()}={family}^{given}={'^'.join(kana)}"


def _row(number: int) -> dict[str, Any]:
    groups = name_of(number).split("=")
    day = f"{2006 + number % 20}{1 + number // 20 % 12:02d}{1 + number // 240 % 28:02d}"
    attributes = (
        '{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080020":{"vr":"DA","Value":["'
        f'{day}"]}},"00080030":{{"vr":"TM","Value":["101500"]}},"00081030":{{"vr":"LO","Value":["Chest"]}},'
        f'"00100010":{{"vr":"PN","Value":[{{"Alphabetic":"{groups[0]}","Ideographic":"{groups[1]}",'
        f'"Phonetic":"{groups[2]}"}}]}},"00100020":{{"vr":"LO","Value":["P{number // 4:07d}"]}},'
        f'"0020000D":{{"vr":"UI","Value":["{uid(number)}"]}}}}'
    )
    return {
        "study_instance_uid": uid(number),
        "patient_id": f"P{number // 4:07d}",
        **dict(zip(NAME_GROUPS, (fold(group) for group in groups), strict=True)),
        "study_date": day,
        "accession_number": f"A{number:08d}",
        "description": "Chest",
        "modalities": "\\CT\\",
        "text_uncertain": False,
        "attributes": "{}",
        "series_count": 1,
        "instance_count": 1,
        "listing": attributes[:-1] + ',"00081190":{"vr":"UR","Value":["'
        f'{listing.BASE}/studies/{uid(number)}"]}}}}',
        "changed_at": 0.0,
        "revision": 1,
        "announced_revision": 1,
    }


def _over_http(folder: Path, url: str, studies: int) -> dict[str, list[float]]:
    """Requests with a token, one keep-alive connection."""
    dice = random.Random(1)  # noqa: S311 - made data
    seen = sorted(dice.sample(range(studies), min(_TOKEN_STUDIES, studies)))
    names = [name_of(number).split("=")[1][:2] for number in seen]
    paths = {
        "qido_list": [_LIST],
        "qido_deep": [_DEEP],
        "qido_one": [f"/studies?StudyInstanceUID={uid(number)}" for number in seen],
        "qido_patient": [f"/studies?PatientID=P{number // 4:07d}" for number in seen],
        "qido_name": [f"/studies?PatientName=*{name}*&limit=101" for name in names],
    }
    found = {}
    with peers.gateway_web(folder, url) as peer:
        others = [dice.sample(range(studies), min(_TOKEN_STUDIES, studies)) for _ in range(_TURNS)]
        found["qido_first_list"] = [_first_list(peer, numbers) for numbers in others]
        headers = {**_JSON, **peer.headers([uid(number) for number in seen])}
        for key, asked in paths.items():
            case = Case(peer.web, [_quoted(path) for path in asked], headers)
            race({key: case}, seconds=4.0, most=_TURNS)
            if case.status != peers.HTTP_OK:
                raise RuntimeError(f"{key}: status {case.status}")
            found[key] = [one * 1e3 for one in case.seconds]
    return found


def _first_list(peer: peers.Peer, numbers: list[int]) -> float:
    """Milliseconds of the first list under a token, whose studies nobody asked for before; a small
    question opens the connection and lets the token be verified."""
    headers = {**_JSON, **peer.headers([uid(number) for number in numbers])}
    case = Case(peer.web, ["/studies?limit=0", _LIST], headers)
    case.ask(0, counted=False)
    return case.ask(1) * 1e3


def _quoted(path: str) -> str:
    return "".join(
        one if one.isascii() else "".join(f"%{b:02X}" for b in one.encode()) for one in path
    )


def _in_process(engine: Engine, studies: int) -> dict[str, list[float]]:
    """Lists over the whole index; deep pages by the key of the page before."""
    dice = random.Random(2)  # noqa: S311 - made data
    numbers = [dice.randrange(studies) for _ in range(_TURNS)]
    page = Page(101, 0)
    middle = StudyKey("20131015", "1.2.826.0.1.3680043.8.498.1.5")
    groups = [name_of(number).split("=") for number in numbers]

    def asks(queries: Iterator[tuple[StudyQuery, StudyKey | None]]) -> list[float]:
        return [_timed(engine, query, page, after) for query, after in queries]

    everything = StudyQuery()
    return {
        "index_list": asks((everything, None) for _ in numbers),
        "index_deep": asks((everything, middle) for _ in numbers),
        "index_name_rare": asks((StudyQuery(patient_name=f"*{g[1][1:4]}*"), None) for g in groups),
        "index_name_common": asks((StudyQuery(patient_name=f"*{g[1][:2]}*"), None) for g in groups),
        "index_name_prefix": asks((StudyQuery(patient_name=f"{g[0][:4]}*"), None) for g in groups),
        "index_name_kana": asks((StudyQuery(patient_name=f"*{g[2][:3]}*"), None) for g in groups),
        "index_name_exact": asks((StudyQuery(patient_name=g[0]), None) for g in groups),
    }


def _timed(engine: Engine, query: StudyQuery, page: Page, after: StudyKey | None) -> float:
    """Milliseconds of one page."""
    started = time.perf_counter()
    with reading(engine) as connection:
        study_rows(connection, None, query, page, after)
    return (time.perf_counter() - started) * 1e3


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
