"""``check`` asks every peer that studies are fetched from, and says what it refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_gateway import dimse_links
from dicom_gateway.dimse import status
from dicom_gateway.dimse.find import STUDY_ROOT
from dicom_gateway.dimse.retrieve import STUDY_ROOT_GET, STUDY_ROOT_MOVE
from dicom_gateway.dimse.tls import server_context
from dicom_gateway.errors import CheckFailed
from dicom_gateway.links import Bench
from dicom_gateway.peers import Peer, Pull, Right
from dicom_gateway.settings import GatewaySettings, Mode
from tests.dicom_gateway.dimse.certificates import issue
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import AE_TITLE, free_port, running

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pynetdicom.events import Event


@contextmanager
def archive(
    search: Callable[[Event], Any],
    *models: str,
    how: Pull = Pull.MOVE,
    callers: tuple[str, ...] = (),
    tls: ssl.SSLContext | None = None,
) -> Iterator[Peer]:
    """A peer that offers these services and answers a search as it is told to."""
    entity = AE(ae_title="PACS")
    entity.require_calling_aet = list(callers)
    for model in (Verification, *models):
        entity.add_supported_context(model)
    handlers: Any = [(evt.EVT_C_FIND, search)]
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls
    )
    assert server is not None
    try:
        yield Peer("PACS", "127.0.0.1", server.server_address[1], tls=tls is not None, pull=how)
    finally:
        server.shutdown()


def has_nothing(_event: Event) -> Any:
    yield status.SUCCESS, None


def has_everything(event: Event) -> Any:
    yield status.PENDING, event.identifier
    yield status.SUCCESS, None


def is_out_of_order(_event: Event) -> Any:
    yield 0xA700, None


def breaks_off(event: Event) -> Any:
    event.assoc.abort()
    yield status.SUCCESS, None


def archives(*peers: Peer, **changes: Any) -> str:
    """What the link says of these peers."""
    settings = GatewaySettings(mode=Mode.TEST, gateway_id="g", peer=peers, **changes)
    with httpx.Client() as client:
        return dimse_links.archives(Bench(settings, client))


@pytest.mark.parametrize(
    ("how", "model"), [(Pull.MOVE, STUDY_ROOT_MOVE), (Pull.GET, STUDY_ROOT_GET)], ids=str
)
def test_an_archive_that_answers_holds(how: Pull, model: str) -> None:
    with archive(has_nothing, STUDY_ROOT, model, how=how) as pacs:
        assert archives(pacs, Peer("CT1", "192.0.2.1")) == "1 answer C-FIND"


def test_a_gateway_holds_for_another(tmp_path: Path) -> None:
    us = Peer("MODALITY", "127.0.0.1", rights=frozenset(Right))
    with running(tmp_path, peer=(us,)) as other:
        other.take_in(ct())
        row = Peer(AE_TITLE, "127.0.0.1", other.port, pull=Pull.GET)
        assert archives(row, ae_title="MODALITY") == "1 answer C-FIND"


def test_a_gateway_that_fetches_nothing_says_so() -> None:
    said = archives(Peer("PACS", "127.0.0.1", free_port()))
    assert said == "no peer is set to be asked for studies that are not here (pull)"


@pytest.mark.parametrize(
    ("search", "models", "words"),
    [
        (has_nothing, (), "PACS offers no C-FIND: allow it there for TSUNAGU"),
        (has_nothing, (STUDY_ROOT,), "PACS answers C-FIND, but offers no C-MOVE: allow it there"),
        (is_out_of_order, (STUDY_ROOT, STUDY_ROOT_MOVE), "PACS refuses C-FIND with 0xA700"),
        (breaks_off, (STUDY_ROOT, STUDY_ROOT_MOVE), "PACS breaks off at C-FIND: see its log"),
        (has_everything, (STUDY_ROOT, STUDY_ROOT_MOVE), "PACS finds a study that cannot exist"),
    ],
)
def test_what_does_not_hold_is_named(
    search: Callable[[Event], Any], models: tuple[str, ...], words: str
) -> None:
    with archive(search, *models) as pacs, pytest.raises(CheckFailed, match=words):
        archives(pacs)


def test_an_archive_that_does_not_know_us_is_named() -> None:
    with (
        archive(has_nothing, STUDY_ROOT, STUDY_ROOT_MOVE, callers=("OTHER",)) as pacs,
        pytest.raises(CheckFailed, match="PACS refuses us at"),
    ):
        archives(pacs)


def test_every_archive_that_fails_is_named() -> None:
    away = Peer("OLD", "127.0.0.1", free_port(), pull=Pull.GET)
    with archive(has_nothing, how=Pull.GET) as pacs, pytest.raises(CheckFailed) as failed:
        archives(away, pacs)
    assert "OLD does not answer at 127.0.0.1" in str(failed.value)
    assert "; PACS offers no C-FIND" in str(failed.value)


def test_an_archive_behind_tls_is_asked_when_tls_is_set_up(tmp_path: Path) -> None:
    files = issue(tmp_path, "gateway")
    ours: dict[str, Any] = {
        "dicom_tls_port": free_port(),
        "dicom_tls_certificate": files.certificate,
        "dicom_tls_key": files.key,
        "dicom_tls_authorities": files.authorities,
    }
    with archive(
        has_nothing, STUDY_ROOT, STUDY_ROOT_GET, how=Pull.GET, tls=server_context(files)
    ) as safe:
        assert archives(safe) == "0 answer C-FIND, 1 behind TLS not tried: set dicom_tls_port"
        assert archives(safe, **ours) == "1 answer C-FIND"
        with pytest.raises(CheckFailed, match="dicom_tls_key"):
            archives(safe, **{**ours, "dicom_tls_key": tmp_path / "gone"})
