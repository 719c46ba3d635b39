"""Every kind of image a hospital sends: codecs, colour, films, inverted greys, missing spacing."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.phantom import (
    ct_series,
    image_object,
    radiograph,
    sample,
    uid,
    ultrasound_film,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Portal

pytestmark = pytest.mark.browser

GREY = (
    "CT_small",
    "MR_small",
    "MR_small_RLE",
    "MR_small_jpeg_ls_lossless",
    "MR_small_jp2klossless",
    "JPEG2000",
    "693_J2KI",
    "JPEG-lossy",
)
COLOR = (
    "SC_rgb_jpeg_dcmtk",
    "examples_ybr_color",
    "examples_jpeg2k",
    "examples_palette",
    "SC_rgb_rle_2frame",
)


def show(desk: Desk, portal: Portal, objects: list[Dataset]) -> None:
    portal.new_gateway("gw-a", "ホスピタルA").add(objects)
    desk.open()


def test_samples_of_every_kind_are_painted(desk: Desk, portal: Portal) -> None:
    study = uid("study")
    samples = {name: sample(study, name) for name in (*GREY, *COLOR)}
    show(desk, portal, list(samples.values()))
    in_turn = chain.from_iterable(zip_longest(GREY, COLOR))
    for name in filter(None, in_turn):
        desk.open_series(name, samples[name].SeriesInstanceUID)
        painted = desk.pixels()
        assert painted.share > 0.02, name
        if name in GREY:
            assert painted.levels > 20, name
            assert painted.colors == 0, name
        else:
            assert painted.colors > 1, name
            assert desk.page.locator(".preset").count() == 0, name
            assert desk.text(".corner-window") == "", name
        assert desk.console_errors() == [], name


def test_a_film_starts_at_its_beginning_and_scrolls_by_frame(desk: Desk, portal: Portal) -> None:
    show(desk, portal, [ultrasound_film(uid("study"))])
    assert desk.text(".corner-position") == "画像 1 / 6"
    first = desk.pixels().mean
    desk.page.keyboard.press("End")
    desk.go_to(5)
    assert desk.pixels().mean > first * 1.5


def test_ultrasound_is_measured_by_its_region(desk: Desk, portal: Portal) -> None:
    show(desk, portal, [ultrasound_film(uid("study"))])
    painted = desk.pixels()
    shown = desk.measure((painted.left, painted.top + 20), (painted.right, painted.top + 20))
    assert shown.unit == "mm"
    assert shown.value == pytest.approx(120 * 0.5, rel=0.02)
    assert "超音波" in shown.source


def test_monochrome1_is_the_mirror_of_monochrome2(desk: Desk, portal: Portal) -> None:
    light = [radiograph(uid("study"), photometric="MONOCHROME2")]
    show(desk, portal, light)
    left_is_dark = desk.page.evaluate(LEFT_MINUS_RIGHT)
    portal.gateways[0].objects[:] = [radiograph(uid("study"), photometric="MONOCHROME1")]
    desk.open()
    desk.settle()
    left_is_light = desk.page.evaluate(LEFT_MINUS_RIGHT)
    assert left_is_dark < -100
    assert left_is_light > 100
    desk.page.keyboard.press("i")
    desk.wait(f"() => ({LEFT_MINUS_RIGHT})() < -100")


LEFT_MINUS_RIGHT = """() => {
  const canvas = document.querySelector('.viewport canvas');
  const at = x => canvas.getContext('2d').getImageData(x, canvas.height / 2, 1, 1).data[0];
  const half = Math.min(canvas.width, canvas.height) / 2 - 12;
  return at(canvas.width / 2 - half) - at(canvas.width / 2 + half);
}"""


def test_a_radiograph_says_its_lengths_are_at_the_detector(desk: Desk, portal: Portal) -> None:
    show(desk, portal, [radiograph(uid("study"))])
    assert "検出器面" in desk.text(".corner-notes")
    shown = desk.measure((300, 200), (500, 200))
    assert shown.unit == "mm"
    assert "検出器面" in shown.source
    assert shown.value == pytest.approx(200 * desk.state()["scale"]["x"], rel=0.02)


def test_without_spacing_lengths_are_pixels(desk: Desk, portal: Portal) -> None:
    show(desk, portal, [radiograph(uid("study"), calibrated=False)])
    assert "校正なし" in desk.text(".corner-notes")
    shown = desk.measure((300, 200), (500, 200))
    assert shown.unit == "px"
    assert "校正なし" in shown.source


def test_slices_are_sorted_by_position_not_by_number(cpu_desk: Desk, portal: Portal) -> None:
    objects = ct_series(uid("study"))
    show(cpu_desk, portal, objects)
    by_position = sorted(objects, key=lambda ds: -float(ds.ImagePositionPatient[2]))
    assert cpu_desk.state()["order"] == [ds.SOPInstanceUID for ds in by_position]


def test_the_middle_slice_is_asked_for_first_then_its_neighbours(
    cpu_desk: Desk, portal: Portal
) -> None:
    show(cpu_desk, portal, ct_series(uid("study")))
    cpu_desk.wait("() => window.__viewer.marks.loaded")
    order = cpu_desk.state()["order"]
    asked = [order.index(path.split("/")[-3]) for path in portal.gateways[0].frames_asked()]
    assert asked[0] == 11
    assert set(asked[:7]) <= set(range(7, 16))
    assert sorted(set(asked)) == list(range(24))
    assert {at for at in asked if asked.count(at) > 1} <= {11}, "its head may come beforehand"


def test_a_report_is_listed_but_not_opened(cpu_desk: Desk, portal: Portal) -> None:
    report = image_object(uid("study"), "report", 1)
    report.Modality, report.SeriesDescription = "SR", "読影報告"
    show(cpu_desk, portal, [*ct_series(uid("study"), slices=3), report])
    card = cpu_desk.page.locator(".series-card", has_text="読影報告")
    assert card.is_disabled()
    assert "画像として表示できません" in card.inner_text()


def test_another_series_opens_by_its_card(desk: Desk, portal: Portal) -> None:
    study = uid("study")
    show(desk, portal, [*ct_series(study, slices=3), ultrasound_film(study)])
    desk.page.locator(".series-card", has_text="心エコー").click()
    desk.wait("() => window.__viewer.state().count === 6 && window.__viewer.state().index === 0")
    assert "US 心エコー" in desk.text(".banner-study")
    assert desk.pixels().colors > 1
