"""Errors in words: which hospital, what happened, and the rest stays usable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.uid import JPEG2000Lossless
from typing_extensions import override

from tests.browser.viewer.phantom import Person, ct_series, uid

if TYPE_CHECKING:
    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Gateway, Portal

pytestmark = pytest.mark.browser

TROUBLE = "() => document.querySelector('.cover.is-problem:not([hidden])')"


def hospital(portal: Portal, *, person: Person | None = None) -> Gateway:
    gateway = portal.new_gateway("gw-a", "ホスピタルA")
    gateway.add(ct_series(uid("study"), slices=4, person=person or Person()))
    return gateway


def test_a_gateway_that_is_down_is_named_and_retried(cpu_desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    gateway.down = True
    cpu_desk.open_page()
    cpu_desk.wait(TROUBLE)
    assert "ホスピタルAにつながりません" in cpu_desk.text(".cover")
    assert "ホスピタルAにつながりません" in cpu_desk.text(".series-problem")
    gateway.down = False
    cpu_desk.page.locator(".cover button").click()
    cpu_desk.wait("() => window.__viewer.ready")
    assert cpu_desk.pixels().share > 0.1
    assert cpu_desk.page.locator(".series-problem").count() == 0


def test_a_gateway_that_goes_down_later_keeps_loaded_slices(desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    desk.open()
    desk.wait("() => window.__viewer.marks.loaded")
    gateway.down = True
    desk.page.keyboard.press("End")
    desk.go_to(3)
    desk.page.keyboard.press("Home")
    desk.go_to(0)
    assert desk.page.locator(".cover").is_hidden()


def test_one_hospital_down_does_not_hide_the_other(cpu_desk: Desk, portal: Portal) -> None:
    hospital(portal)
    other = portal.new_gateway("gw-b", "ホスピタルB")
    other.add(ct_series(uid("elsewhere"), slices=3))
    other.down = True
    cpu_desk.open_page()
    cpu_desk.wait("() => window.__viewer?.ready && document.querySelector('.series-problem')")
    assert "ホスピタルB" in cpu_desk.text(".series-problem")
    assert cpu_desk.page.locator(".series-card").count() == 1
    assert cpu_desk.page.locator(".cover").is_hidden()


def test_a_study_that_is_gone_says_so(cpu_desk: Desk, portal: Portal) -> None:
    hospital(portal).hidden = True
    cpu_desk.open_page()
    cpu_desk.wait(TROUBLE)
    assert "画像が見つかりません" in cpu_desk.text(".cover")
    assert "ホスピタルA" in cpu_desk.text(".cover")


def test_a_token_nobody_accepts_is_asked_for_once_more_only(cpu_desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    gateway.tokens = _Nothing()
    cpu_desk.open_page()
    cpu_desk.wait(TROUBLE)
    assert "受け付けませんでした" in cpu_desk.text(".cover")
    assert len(portal.tokens_issued) <= 3


class _Nothing(set[str]):
    """Accepts no token."""

    @override
    def __contains__(self, _item: object) -> bool:
        return False


def test_an_unreadable_image_is_covered_and_the_rest_goes_on(desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    broken = sorted(gateway.objects, key=lambda ds: -ds.ImagePositionPatient[2])[3]
    broken.file_meta.TransferSyntaxUID = JPEG2000Lossless
    gateway.broken.add(str(broken.SOPInstanceUID))
    desk.open()
    desk.page.keyboard.press("End")
    desk.wait(TROUBLE)
    assert "この画像は表示できません" in desk.text(".cover")
    assert "4枚目" in desk.text(".cover")
    assert desk.page.locator(".corner-position").inner_text() == "画像 4 / 4"
    desk.page.keyboard.press("ArrowUp")
    desk.go_to(2)
    assert desk.page.locator(".cover").is_hidden()
    assert desk.pixels().share > 0.1


def test_another_persons_images_are_blocked_and_not_even_fetched(
    cpu_desk: Desk, portal: Portal
) -> None:
    other = Person(name="Betsu^Hanako=別^花子=べつ^はなこ", birth_date="19711103")
    gateway = hospital(portal, person=other)
    cpu_desk.open_page()
    cpu_desk.wait("() => document.querySelector('.cover.is-blocked:not([hidden])')")
    words = cpu_desk.text(".cover")
    assert "別の患者さんの画像かもしれません" in words
    assert "見本 太郎" in words
    assert "別 花子" in words
    assert gateway.frames_asked() == []


def test_one_foreign_slice_blocks_the_series(cpu_desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    gateway.objects[2].PatientName = "Betsu^Hanako=別^花子=べつ^はなこ"
    gateway.objects[2].PatientBirthDate = "19711103"
    cpu_desk.open_page()
    cpu_desk.wait("() => document.querySelector('.cover.is-blocked:not([hidden])')")
    assert gateway.frames_asked() == []


def test_a_changed_family_name_is_shown_with_a_caution(cpu_desk: Desk, portal: Portal) -> None:
    hospital(portal, person=Person(name="Kyusei^Tarou=旧姓^太郎=きゅうせい^たろう"))
    cpu_desk.open()
    assert "氏名が許可を受けた患者さんと一致しません" in cpu_desk.text(".caution")
    assert "旧姓 太郎" in cpu_desk.text(".banner-images")
    assert cpu_desk.page.locator(".cover").is_hidden()


def test_a_page_without_configuration_says_so(cpu_desk: Desk, portal: Portal) -> None:
    hospital(portal)
    portal.config = {"patient": None}
    cpu_desk.open_page()
    cpu_desk.page.locator(".ended").wait_for()
    assert "画像を開けません" in cpu_desk.text(".ended")
