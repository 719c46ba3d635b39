"""The simulated modality against a real gateway, and where it must refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from simulators.modality.__main__ import main, peer
from simulators.modality.demo import hospital_b
from simulators.modality.sending import NotAccepted, Peer, answers, send_all
from tests.dicom_gateway.stage import AE_TITLE, Gateway, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with running(tmp_path) as one:
        yield one


def test_a_study_sent_twice_is_there_once(gateway: Gateway) -> None:
    target = Peer(AE_TITLE, "127.0.0.1", gateway.port)
    study = hospital_b()[0]
    assert answers(target)
    assert [send_all(target, study), send_all(target, study)] == [1, 1]
    gateway.index()
    uid = study.plan.study_instance_uid
    [listed] = json.loads(gateway.get("/studies", uid).data)
    assert listed["00201208"]["Value"] == [1]
    assert listed["00100010"]["Value"][0]["Ideographic"] == "見本^太郎"


def test_a_gateway_of_another_name_refuses(gateway: Gateway) -> None:
    target = Peer("SOMEONE_ELSE", "127.0.0.1", gateway.port)
    assert not answers(target)
    with pytest.raises(NotAccepted):
        send_all(target, hospital_b()[0])


def test_nobody_there_is_no_answer() -> None:
    assert not answers(Peer(AE_TITLE, "127.0.0.1", free_port()))


def test_a_target_is_a_title_a_host_and_a_port() -> None:
    assert peer("TSUNAGU_A@127.0.0.1:11112") == Peer("TSUNAGU_A", "127.0.0.1", 11112)
    with pytest.raises(SystemExit):
        main(["schedule", "127.0.0.1:11112"])
