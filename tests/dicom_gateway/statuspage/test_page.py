"""The administrator sees how the gateway stands in plain words, and nothing of a patient."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

import dicom_gateway
from dicom_gateway import outbox, standing
from dicom_gateway.errors import Misconfigured
from dicom_gateway.index import pulls
from dicom_gateway.index.models import OutboxEvent, Study
from dicom_gateway.index.models import Pull as PullRow
from dicom_gateway.journal import start_log
from dicom_gateway.peers import Peer, Pull, Right
from dicom_gateway.standing import Disk, look
from dicom_gateway.statuspage.application import create_app
from dicom_gateway.statuspage.door import is_allowed, networks
from dicom_gateway.statuspage.speech import STRINGS, Speech
from dicom_gateway.statuspage.warnings import warnings_of
from dicom_gateway.troubles import FILE, TroubleBook, last_troubles
from dicom_gateway.words import size_words
from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.dicom_gateway.stage import Gateway

HERE = "127.0.0.1"


@dataclass
class Look:
    """One gateway and its page."""

    gateway: Gateway
    client: FlaskClient

    def get(self, path: str = "/", *, host: str = HERE, client: str = HERE) -> TestResponse:
        """Open the page from an address, under a name."""
        from_there = {"REMOTE_ADDR": client}
        return self.client.get(path, headers={"Host": host}, environ_base=from_there)

    def standing(self) -> standing.Standing:
        """What the page is made from."""
        return look(self.gateway.engine, self.gateway.settings)


@pytest.fixture
def page(gateway: Gateway) -> Look:
    settings = gateway.settings.model_copy(update={"dicom_port": gateway.port})
    gateway.settings = settings
    return Look(gateway, create_app(gateway.engine, settings).test_client())


def test_counts_are_there_and_nothing_of_the_patient(page: Look) -> None:
    page.gateway.take_in(ct(), ct(number=2), ct(study="1.2.3.5"))
    text = page.get().text
    for words in ("今日とどいた検査", "<dd>2件</dd>", "<dd>3件</dd>"):
        assert words in text
    for secret in ("Mihon", "A-1", "ACC1", "Chest", "1.2.3.4"):
        assert secret not in text
        assert secret not in page.get("/metrics").text


def test_a_study_of_yesterday_is_not_of_today(page: Look) -> None:
    page.gateway.take_in(ct(), ct(study="1.2.3.5"))
    midnight = standing.japanese_midnight(page.standing().at)
    with page.gateway.engine.begin() as connection:
        late = update(Study).where(Study.study_instance_uid == "1.2.3.5")
        connection.execute(late.values(changed_at=midnight - 1))
    assert (page.standing().studies_today, page.standing().studies) == (1, 2)


def test_what_is_wrong_stands_first_and_says_what_to_do(page: Look) -> None:
    assert "画像を見せるプログラムが応えません" in page.get().text
    engine = page.gateway.engine
    page.gateway.take_in(ct(), ct(number=2, PatientID="B-2"))
    outbox.enqueue_settled_studies(engine, settle_seconds=0)
    outbox.postpone(engine, outbox.due_events(engine))
    text = page.get().text
    assert "ポータルへの報告が届いていません（いちばん古いものはいま）" in text
    assert "見せずに取り分けている画像が1件あります" in text
    with engine.begin() as connection:
        connection.execute(update(OutboxEvent).values(state="rejected"))
    assert "ポータルが受け取らなかった報告が1件あります" in page.get().text


def test_a_sound_gateway_says_so(page: Look) -> None:
    now = replace(page.standing(), programs={"dimse": True, "web": True}, disk=Disk(100, 50))
    assert warnings_of(now, Speech("ja")) == []
    low = warnings_of(replace(now, disk=Disk(10**12, 9 * 10**9)), Speech("ja"))
    assert low == [Speech("ja").say("bad.disk", free="9.0 GB")]


def test_the_limit_of_what_is_kept_is_shown_and_told_when_nothing_may_go(page: Look) -> None:
    sized = page.gateway.settings.model_copy(update={"keep_gigabytes": 500})
    text = create_app(page.gateway.engine, sized).test_client().get("/").text
    assert "残しておく大きさ（上限）" in text
    assert "500 GB" in text
    assert "残しておく大きさ" not in page.get().text
    fine = replace(page.standing(), programs={}, disk=Disk(100, 50), bytes_most=500 * 10**9)
    assert warnings_of(replace(fine, bytes_kept=520 * 10**9), Speech("ja")) == []
    [told] = warnings_of(replace(fine, bytes_kept=560 * 10**9), Speech("en"))
    assert told.startswith("560 GB are kept, more than the limit of 500 GB, and no study may go")


def test_peers_are_listed_with_what_they_may(page: Look) -> None:
    assert "どの装置からも受け取ります" in page.get().text
    rows = (Peer("PACS", "192.0.2.10", 104, frozenset({Right.STORE, Right.QUERY})),)
    settings = page.gateway.settings.model_copy(update={"peer": rows})
    text = Look(page.gateway, create_app(page.gateway.engine, settings).test_client()).get().text
    assert "192.0.2.10:104</span> 探す・送る</li>" in text
    assert "取り寄せ" not in text
    assert "どの装置からも" not in text


def test_what_is_fetched_from_the_pacs_is_counted(page: Look) -> None:
    rows = (Peer("PACS", "192.0.2.10", 104, pull=Pull.MOVE),)
    settings = page.gateway.settings.model_copy(update={"peer": rows})
    engine = page.gateway.engine
    for study in ("1.2.3.4", "1.2.3.5"):
        pulls.ask(engine, study)
    look = Look(page.gateway, create_app(engine, settings).test_client())
    assert "送る・取り寄せ元</li>" in look.get().text
    assert re.search(r"取り寄せ中の検査</dt><dd>2件", look.get().text)
    with engine.begin() as connection:
        connection.execute(update(PullRow).values(state="failed"))
    assert "PACSから取り寄せられなかった検査が2件あります" in look.get().text
    assert 'tsunagu_gateway_pulls{state="failed"} 2.0' in look.get("/metrics").text
    with engine.begin() as connection:
        connection.execute(update(PullRow).values(requested_at=0.0))
    assert "取り寄せられなかった検査が" not in look.get().text, "of long ago"
    assert "1.2.3.4" not in look.get().text + look.get("/metrics").text


def test_a_program_that_does_not_answer_is_named(page: Look) -> None:
    assert page.standing().programs == {"dimse": True, "web": False}


@pytest.mark.parametrize("language", ["ja", "en", "easy"])
def test_every_language_says_everything(page: Look, language: str) -> None:
    assert set(STRINGS[language]) == set(STRINGS["ja"])
    for key, words in STRINGS["ja"].items():
        assert re.findall(r"\{\w+\}", words) == re.findall(r"\{\w+\}", STRINGS[language][key]), key
    assert STRINGS[language]["studies.today"] in page.get(f"/?lang={language}").text


def test_the_language_is_the_browsers_unless_chosen(page: Look) -> None:
    asked = {"Host": HERE, "Accept-Language": "en-GB,en;q=0.9"}
    assert "How the gateway stands" in page.client.get("/", headers=asked).text
    assert "ゲートウェイの様子" in page.client.get("/?lang=ja", headers=asked).text
    assert "ゲートウェイの様子" in page.get("/?lang=xx").text


@pytest.mark.parametrize(
    ("client", "host"),
    [
        ("192.168.1.20", HERE),
        ("203.0.113.9", HERE),
        ("", HERE),
        ("::ffff:203.0.113.9", HERE),
        (HERE, "rebound.example"),
        (HERE, "127.0.0.1.rebound.example"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/metrics", "/static/status.css"])
def test_others_see_nothing(page: Look, client: str, host: str, path: str) -> None:
    assert page.get(path, client=client, host=host).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8190", "localhost", "[::1]:8190", "10.0.0.5"])
def test_this_machine_sees_it_under_its_own_names(page: Look, host: str) -> None:
    assert page.get(host=host).status_code == 200


def test_networks_may_be_allowed() -> None:
    allowed = networks(["10.1.0.0/16", "::1"])
    assert is_allowed("10.1.2.3", allowed)
    assert is_allowed("::ffff:10.1.2.3", allowed)
    assert not is_allowed("10.2.0.1", allowed)
    with pytest.raises(Misconfigured, match=r"status_allowed: 10\.1\.0\.1/16"):
        networks(["10.1.0.1/16"])


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(page: Look, method: str) -> None:
    for path in ("/", "/metrics"):
        assert getattr(page.client, method)(path, headers={"Host": HERE}).status_code == 405


def test_the_page_runs_no_script_and_is_kept_nowhere(page: Look) -> None:
    answered = page.get()
    assert "default-src 'none'" in answered.headers["Content-Security-Policy"]
    assert answered.headers["Cache-Control"] == "no-store"
    assert "<script" not in answered.text


def test_prometheus_reads_the_numbers(page: Look) -> None:
    page.gateway.take_in(ct(), ct(number=2))
    families = text_string_to_metric_families(page.get("/metrics").text)
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }
    assert found["tsunagu_gateway_studies",] == 1
    assert found["tsunagu_gateway_objects", "indexed"] == 2
    assert found["tsunagu_gateway_objects", "unreadable"] == 0
    assert found["tsunagu_gateway_up", "dimse"] == 1
    assert found["tsunagu_gateway_up", "web"] == 0
    assert found["tsunagu_gateway_disk_free_bytes",] > 0


@pytest.fixture
def log(page: Look) -> Iterator[structlog.stdlib.BoundLogger]:
    start_log(page.gateway.settings)
    yield structlog.get_logger()
    structlog.reset_defaults()


def test_the_last_troubles_are_told_in_words(page: Look, log: structlog.stdlib.BoundLogger) -> None:
    log.info("receiving")
    log.warning("association rejected", calling_ae_title="<b>X</b>")
    log.error("something new", study="1.2.3.4", reason="secret words")
    text = page.get().text
    assert "許していない装置（&lt;b&gt;X&lt;/b&gt;）からの接続を断りました。" in text
    assert "記録: something new" in text
    assert text.index("something new") < text.index("許していない装置")
    for absent in ("1.2.3.4", "secret words", "receiving"):
        assert absent not in text


def test_every_warning_of_the_gateway_has_a_sentence() -> None:
    warning = re.compile(r'log\.(?:warning|error|exception)\(\s*"([^"]+)"')
    sources = Path(dicom_gateway.__file__).parent.rglob("*.py")
    said = {event for path in sources for event in warning.findall(path.read_text("utf-8"))}
    assert len(said) > 20
    for language, strings in STRINGS.items():
        assert {event for event in said if f"trouble.{event}" not in strings} == set(), language


def test_the_book_of_troubles_stays_small_and_bears_anything(tmp_path: Path) -> None:
    book = TroubleBook(tmp_path)
    for number in range(3000):
        book(None, "warning", {"event": "x" * 200, "program": f"{number}"})
    kept = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert kept < 300_000
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"\xff\xfe half a line")
    newest = last_troubles(tmp_path, most=3)
    assert [one.about for one in newest] == ["2999", "2998", "2997"]
    (tmp_path / FILE).write_text(json.dumps({"at": 1.0, "event": "e", "about": ""}) + "\n")
    assert len(last_troubles(tmp_path, most=5)) == 5, "goes on in the older file"
    TroubleBook(Path("/proc/nowhere"))(None, "error", {"event": "still going"})


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25 * 10**9, "25 GB"), (10**13, "10 TB")],
)
def test_sizes_are_short(count: int, words: str) -> None:
    assert size_words(count) == words
