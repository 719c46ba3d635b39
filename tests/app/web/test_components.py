"""Every component, rendered once as the gallery shows it and read as a browser would."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, flash, render_template, url_for
from flask_wtf import CSRFProtect
from typing_extensions import override
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    RadioField,
    SelectField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.handbook.growth import Measure, Point, Sex
from app.handbook.growth_chart import draw
from app.immunization.timeline import DoseState, TimelineDose, TimelineRow, lay_out
from app.web.forms import Form
from app.web.i18n import init_i18n

ROOT = Path(__file__).resolve().parents[3]
BORN, TODAY = date(2026, 3, 20), date(2026, 11, 22)
PRODUCTS: Any = ["BCG"]
PLACES: Any = ["医療機関", "学校"]
LOOKED_AT = datetime(2026, 11, 22, 0, 5, tzinfo=UTC)


class MeasurementForm(Form):
    given_on = DateField("接種した日", [InputRequired()])
    weight = DecimalField("体重", [InputRequired(), NumberRange(min=1, max=20)])
    product = SelectField("ワクチン", choices=PRODUCTS)
    place = RadioField(
        "所",
        choices=PLACES,
        validators=[InputRequired()],
    )
    note = TextAreaField("メモ", [Optional(), Length(max=3)])
    agreed = BooleanField("確かめました", [InputRequired()])


class Page(HTMLParser):
    """Elements in order, each with its attributes; text of the page joined."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.words += data

    def values(self, attribute: str, tag: str | None = None) -> list[str]:
        found = (attrs.get(attribute) for name, attrs in self.elements if tag in {None, name})
        return [value for value in found if value is not None]


def sample(form: Form) -> SimpleNamespace:
    points = [Point(BORN, 3.0, "clinic"), Point(BORN + timedelta(days=100), 6.1, "guardian")]
    arguments: dict[str, Any] = {"born_on": BORN, "points": points, "as_of": TODAY}
    dose = TimelineDose(150, DoseState.VOID, "1回目")
    return SimpleNamespace(
        born_on=BORN,
        today=TODAY,
        deadline=date(2026, 12, 14),
        form=form,
        looked_at=LOOKED_AT,
        children=[("さくら", BORN, "8.2", "done"), ("<b>ゆうと</b>", BORN, "8.0", "waiting")],
        charts=[
            draw(Measure.WEIGHT, Sex.FEMALE, corrected_by_days=30, **arguments),
            draw(Measure.WEIGHT, None, **arguments),
        ],
        timeline=lay_out([TimelineRow("BCG", (dose,))], today_days=247),
    )


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("app", root_path=str(ROOT / "app"))
    app.secret_key = app.name
    CSRFProtect(app)
    init_i18n(app)
    app.jinja_env.globals["asset"] = lambda path: url_for("static", filename=path)
    return app


def gallery(app: Flask, *, sent: dict[str, str] | None = None, nav: str = "parent") -> Page:
    with app.test_request_context("/"):
        form = MeasurementForm(MultiDict(sent or {}), meta={"csrf": False})
        if sent is not None:
            form.validate()
            flash("接種を記録しました。", "success")
        person = {"name": "山田 花子", "role": "保護者", "sign_out_url": "/logout"}
        html = render_template(
            "components/gallery.html",
            sample=sample(form),
            nav=nav,
            place="records",
            person=person,
            place_urls={"parent": {"records": "/r", "schedule": "/s", "news": "/n", "more": "/m"}},
            place_counts={"news": 2},
            simulated=True,
        )
    return Page(html)


def test_nothing_is_inline(app: Flask) -> None:
    page = gallery(app, sent={})
    assert page.values("style") == []
    assert all("src" in attrs for tag, attrs in page.elements if tag == "script")
    assert not [tag for tag, _ in page.elements if tag == "style"]
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]


def test_a_page_has_one_h1_and_its_landmarks(app: Flask) -> None:
    tags = [tag for tag, _ in gallery(app).elements]
    assert [tags.count(tag) for tag in ("h1", "main", "header", "footer")] == [1, 1, 1, 1]


def test_the_skip_link_leads_to_the_main_part(app: Flask) -> None:
    page = gallery(app)
    assert page.values("href", "a")[0] == "#main"
    assert "main" in page.values("id", "main")


def test_ids_are_unique_and_every_reference_has_its_target(app: Flask) -> None:
    page = gallery(app, sent={})
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    wanted = [
        target
        for attribute in ("for", "aria-describedby", "aria-labelledby")
        for value in page.values(attribute)
        for target in value.split()
    ]
    links = [link[1:] for link in page.values("href", "a") if len(link) > 1 and link[0] == "#"]
    assert set(wanted + links) <= set(ids)


def test_every_symbol_exists_in_the_sprite(app: Flask) -> None:
    sprite = ROOT / "app" / "static" / "icons" / "sprite.svg"
    symbols = Page(sprite.read_text(encoding="utf-8")).values("id", "symbol")
    used = {href.partition("#")[2] for href in gallery(app, sent={}).values("href", "use")}
    assert used <= set(symbols)


def test_parents_have_four_places_and_know_where_they_are(app: Flask) -> None:
    page = gallery(app)
    places = [a for _, a in page.elements if (a.get("class") or "") == "places__link"]
    assert [place["href"] for place in places] == ["/r", "/s", "/n", "/m"]
    assert [place["href"] for place in places if "aria-current" in place] == ["/r"]


def test_a_place_without_an_address_is_left_out(app: Flask) -> None:
    assert "places__link" not in gallery(app, nav="staff").values("class")


def test_signing_out_is_a_form_with_its_token(app: Flask) -> None:
    page = gallery(app)
    forms = [a for tag, a in page.elements if tag == "form" and a.get("action") == "/logout"]
    assert [form["method"] for form in forms] == ["post"]
    posts = [a for tag, a in page.elements if tag == "form" and a.get("method") == "post"]
    tokens = [a for tag, a in page.elements if tag == "input" and a.get("name") == "csrf_token"]
    assert len(tokens) == len(posts)
    assert all(token["value"] for token in tokens)


def test_the_summary_of_errors_speaks_japanese_and_keeps_what_was_typed(app: Flask) -> None:
    page = gallery(app, sent={"weight": "82", "note": "ながい文"})
    assert "1から20までの数で入力してください。" in page.words
    assert "3文字までで入力してください。" in page.words
    assert "選択肢から選んでください。" in page.words
    assert "required" not in page.words
    assert "82" in page.values("value", "input")
    assert "#weight" in page.values("href", "a")


def test_without_errors_there_is_no_summary(app: Flask) -> None:
    assert "form-errors" not in gallery(app).values("id")


def test_simulated_parts_are_announced(app: Flask) -> None:
    assert "これは練習用です。" in gallery(app).words


def test_a_name_with_markup_is_shown_as_text(app: Flask) -> None:
    assert "<b>ゆうと</b>" in gallery(app).words


def test_the_chart_says_the_same_in_its_table(app: Flask) -> None:
    page = gallery(app)
    assert "2回の記録があります。" in page.words
    assert {"chart-1-1", "chart-1-2"} <= set(page.values("id", "tr"))
    assert "#chart-1-2" in page.values("href", "a")


def test_the_timeline_says_in_words_what_it_draws(app: Flask) -> None:
    assert "1回目 数えない回" in gallery(app).words


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 429, 500, 503])
def test_an_error_page_says_what_happened_what_to_do_and_a_number(app: Flask, status: int) -> None:
    with app.test_request_context("/"):
        html = render_template(
            "errors/problem.html",
            status=status,
            title="見つかりませんでした",
            what="そのページはありません。",
            advice="最初の画面から、お探しください。",
            reference="91ab02cd77fe",
        )
    page = Page(html)
    for words in ("そのページはありません。", "お探しください。", "91ab02cd77fe", str(status)):
        assert words in page.words
    assert ("そのまま残っています" in page.words) is (status != 500)
    assert [tag for tag, _ in page.elements].count("h1") == 1
