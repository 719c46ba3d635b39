"""Rendered resources and thumbnails of WADO-RS (PS3.18 §10.4.1.1.3, §8.3.5)."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from flask import Blueprint, Response, g, request

from dicom_gateway.dicomweb import accept
from dicom_gateway.dicomweb.service import Service, require_study
from dicom_gateway.errors import BadRequest, NotFound, NotRenderable
from dicom_gateway.index import sending
from dicom_gateway.index.engine import reading
from dicom_gateway.renderer import Picture, Window
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dicom_gateway.index.sending import Located

KINDS: Final = {"image/jpeg": "JPEG", "image/png": "PNG"}
THUMBNAIL_SIDE: Final = 256
MOST_SIDE: Final = 8192
_NUMBER: Final = re.compile(r"-?[0-9]{1,8}(\.[0-9]{1,6})?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_FUNCTIONS: Final = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
_RENDERED: Final = frozenset({"window", "viewport", "quality", "accept"})
_THUMBNAIL: Final = frozenset({"viewport", "accept"})
_MOST_QUALITY: Final = 100
_SIZE_ONLY: Final = 2
_WITH_REGION: Final = 6
_INSTANCE: Final = "/studies/<study>/series/<series>/instances/<instance>"


def blueprint(service: Service) -> Blueprint:
    """Routes of rendered resources."""
    bp = Blueprint("rendered", __name__)

    @bp.get(f"{_INSTANCE}/frames/<frame>/rendered")
    @bp.get(f"{_INSTANCE}/rendered")
    def rendered(study: str, series: str, instance: str, frame: str = "") -> Response:
        return _draw(service, Target(study, series, instance, frame), _RENDERED, 0)

    @bp.get("/studies/<study>/series/<series>/rendered")
    @bp.get("/studies/<study>/rendered")
    def gallery(study: str, series: str = "") -> Response:
        target = Target(study, series, "", "")
        form = accept.choose_pictures(g.accept, tuple(KINDS))
        if not form.multipart:
            return _draw(service, target, _RENDERED, 0)
        return _gallery(service, target, form.kind)

    @bp.get(f"{_INSTANCE}/frames/<frame>/thumbnail")
    @bp.get(f"{_INSTANCE}/thumbnail")
    @bp.get("/studies/<study>/series/<series>/thumbnail")
    @bp.get("/studies/<study>/thumbnail")
    def thumbnail(study: str, series: str = "", instance: str = "", frame: str = "") -> Response:
        return _draw(service, Target(study, series, instance, frame), _THUMBNAIL, THUMBNAIL_SIDE)

    return bp


@dataclass(frozen=True)
class Target:
    """What is to be seen; empty below the level that was named."""

    study: str
    series: str
    instance: str
    frame: str


def _draw(service: Service, target: Target, known: frozenset[str], side: int) -> Response:
    require_study(g.access, target.study)
    kind = accept.choose_rendered(g.accept, tuple(KINDS))
    place = _place(service, target)
    picture = _picture(_frame_number(target.frame, place), KINDS[kind], known, side)
    content = service.renderer.draw(service.store.path(place.file_name), picture)
    service.ledger.note(g.access, target.study, frames=1)
    return Response(content, content_type=kind)


def _gallery(service: Service, target: Target, kind: str) -> Response:
    """Every instance with frames as a part of its own, drawn while the answer goes out.

    What cannot be drawn is left out; ``Content-Location`` tells which instance a part shows.
    """
    require_study(g.access, target.study)
    places = _places(service, target)
    pictures = _drawn(service, target.study, places, _picture(1, KINDS[kind], _RENDERED, 0))
    first = next(pictures, None)
    if first is None:
        raise NotRenderable("none of these objects can be drawn here")
    service.ledger.note(g.access, target.study, frames=len(places))
    boundary = uuid4().hex
    return Response(
        _parts(chain([first], pictures), kind, boundary),
        content_type=f'multipart/related; type="{kind}"; boundary={boundary}',
    )


def _drawn(
    service: Service, study: str, places: list[Located], like: Picture
) -> Iterator[tuple[str, bytes]]:
    """Address and picture of each instance that can be drawn, its middle frame for all."""
    for place in places:
        picture = replace(like, frame=_frame_number("", place))
        with suppress(NotRenderable):
            content = service.renderer.draw(service.store.path(place.file_name), picture)
            address = (
                f"/dicom-web/studies/{study}/series/{place.series_instance_uid}"
                f"/instances/{place.sop_instance_uid}/rendered"
            )
            yield address, content


def _parts(pictures: Iterable[tuple[str, bytes]], kind: str, boundary: str) -> Iterator[bytes]:
    for address, content in pictures:
        head = f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Location: {address}\r\n\r\n"
        yield head.encode("ascii") + content + b"\r\n"
    yield f"--{boundary}--\r\n".encode("ascii")


def _place(service: Service, target: Target) -> Located:
    """The instance itself, or the one in the middle that stands for its series or study."""
    if target.instance:
        series = checked_uid(target.series)
        return service.places.find(target.study, series, checked_uid(target.instance))
    found = _places(service, target)
    return found[len(found) // 2]


def _places(service: Service, target: Target) -> list[Located]:
    """Instances with frames of a study or series.

    Raises:
        NotFound: there are none.
    """
    series = checked_uid(target.series) if target.series else None
    with reading(service.engine) as connection:
        places = sending.located(connection, target.study, series, None)
    found = [one for one in places if one.frames.count]
    if not found:
        raise NotFound("no picture stands for this")
    return found


def _frame_number(text: str, place: Located) -> int:
    """The frame asked for; without one, the one in the middle."""
    if not text:
        return max(1, (place.frames.count + 1) // 2)
    if _WHOLE.fullmatch(text) is None:
        raise BadRequest("one frame is drawn at a time; give its number")
    if not 1 <= int(text) <= place.frames.count:
        raise NotFound("no such frame")
    return int(text)


def _picture(frame: int, kind: str, known: frozenset[str], side: int) -> Picture:
    unknown = request.args.keys() - known
    if unknown:
        raise BadRequest(f"only {', '.join(sorted(known))} can be given here")
    columns, rows, region = _viewport(request.args.get("viewport", ""))
    return Picture(
        frame=frame,
        kind=kind,
        quality=_quality(request.args.get("quality", "90")),
        window=_window(request.args.get("window", "")),
        columns=min(columns or side, side or columns),
        rows=min(rows or side, side or rows),
        region=region,
    )


def _quality(text: str) -> int:
    if _WHOLE.fullmatch(text) is None or not 1 <= int(text) <= _MOST_QUALITY:
        raise BadRequest("quality is a whole number from 1 to 100")
    return int(text)


def _window(text: str) -> Window | None:
    """``center,width,function`` (PS3.18 §8.3.5.1.4)."""
    if not text:
        return None
    parts = text.split(",")
    if len(parts) != 3 or parts[2].lower() not in _FUNCTIONS:  # noqa: PLR2004
        raise BadRequest("window is center,width,function: linear, linear-exact or sigmoid")
    if not all(_NUMBER.fullmatch(part) for part in parts[:2]) or float(parts[1]) <= 0:
        raise BadRequest("window has a centre and a positive width")
    return Window(float(parts[0]), float(parts[1]), _FUNCTIONS[parts[2].lower()])


def _viewport(text: str) -> tuple[int, int, tuple[int, int, int, int] | None]:
    """``vw,vh`` or ``vw,vh,sx,sy,sw,sh`` (PS3.18 §8.3.5.1.3)."""
    if not text:
        return 0, 0, None
    parts = text.split(",")
    if len(parts) not in {_SIZE_ONLY, _WITH_REGION} or not all(
        _WHOLE.fullmatch(part) for part in parts
    ):
        raise BadRequest("viewport is vw,vh or vw,vh,sx,sy,sw,sh in whole pixels")
    numbers = [int(part) for part in parts]
    if not all(1 <= number <= MOST_SIDE for number in numbers[:2]):
        raise BadRequest(f"a viewport is 1 to {MOST_SIDE} pixels wide and high")
    if len(numbers) == _SIZE_ONLY:
        return numbers[0], numbers[1], None
    if not numbers[4] or not numbers[5]:
        raise BadRequest("the region of a viewport has a width and a height")
    return numbers[0], numbers[1], (numbers[2], numbers[3], numbers[4], numbers[5])
