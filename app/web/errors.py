"""The one place where a kind of error becomes a status and a page.

A browser gets a page in its language; a program gets ``application/problem+json`` (RFC 9457).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog
from flask import Response, g, json, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from app.core import errors as kinds
from app.core.ids import new_id
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

log = structlog.get_logger()

STATUS: tuple[tuple[type[kinds.TsunaguError], HTTPStatus], ...] = (
    (kinds.Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (kinds.NotFound, HTTPStatus.NOT_FOUND),
    (kinds.Forbidden, HTTPStatus.FORBIDDEN),
    (kinds.Rejected, HTTPStatus.FORBIDDEN),
    (kinds.Conflict, HTTPStatus.CONFLICT),
    (kinds.Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (kinds.Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


def status_of(error: kinds.TsunaguError) -> HTTPStatus:
    """The HTTP status of an error's kind."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def wants_json() -> bool:
    """Whether the caller is a program or a script on our own page."""
    accepted = request.accept_mimetypes
    return (
        request.path.startswith("/api/")
        or request.is_json
        or accepted.quality("application/json") > accepted.quality("text/html")
    )


def reference() -> str:
    """A number the person can read out, found again in the log. It says nothing by itself."""
    if "reference" not in g:
        g.reference = str(new_id())[-12:]
    return str(g.reference)


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(kinds.TsunaguError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _domain_error(error: kinds.TsunaguError) -> ResponseReturnValue:
    if isinstance(error, kinds.Unauthenticated) and not wants_json():
        return _to_login(error)
    return _answer(status_of(error), error.code)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = HTTPStatus(error.code or 500)
    if status < HTTPStatus.BAD_REQUEST:
        return error
    answer = _answer(status, status.phrase.lower().replace(" ", "-"))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.error("unexpected", reference=reference(), kind=type(error).__name__, exc_info=error)
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected")


def _to_login(error: kinds.Unauthenticated) -> ResponseReturnValue:
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    arguments = {key: value for key, value in (("next", back), ("why", _why(error))) if value}
    return redirect(url_for("identity.login_page") + "?" + urlencode(arguments))


def _why(error: kinds.Unauthenticated) -> str:
    if isinstance(error, kinds.StepUpRequired):
        return "card"
    return "locked" if error.code == "session-locked" else "login"


def _answer(status: HTTPStatus, code: str) -> Response:
    if wants_json():
        body = {"status": status.value, "code": code, "reference": reference()}
        body["title"] = _words(status)[0]
        return Response(
            json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json"
        )
    title, what, advice = _words(status)
    page = render_template(
        "errors/problem.html",
        status=status.value,
        title=title,
        what=what,
        advice=advice,
        reference=reference(),
    )
    return Response(page, status)


def _words(status: HTTPStatus) -> tuple[str, str, str]:
    """Title, what happened, what to do: in the person's language."""
    known = {
        HTTPStatus.BAD_REQUEST: (
            _("受け取れませんでした"),
            _("送られた内容が読み取れないか、画面を開いてから時間がたちすぎています。"),
            _("前の画面にもどり、開き直してから、もう一度送ってください。"),
        ),
        HTTPStatus.UNAUTHORIZED: (
            _("ログインが必要です"),
            _("この画面は、ログインした方だけが見られます。"),
            _("マイナンバーカードでログインしてください。"),
        ),
        HTTPStatus.FORBIDDEN: (
            _("この操作はできません"),
            _("お使いのアカウントには、この操作の権限がありません。"),
            _("必要なときは、所属先の管理者にご相談ください。"),
        ),
        HTTPStatus.NOT_FOUND: (
            _("見つかりませんでした"),
            _("そのページや記録はないか、お使いのアカウントでは見られません。"),
            _("最初の画面から、もう一度お探しください。"),
        ),
        HTTPStatus.METHOD_NOT_ALLOWED: (
            _("この開き方はできません"),
            _("このページは、直接開くようには作られていません。"),
            _("最初の画面から、もう一度お進みください。"),
        ),
        HTTPStatus.CONFLICT: (
            _("すでに変わっています"),
            _("画面を開いたあとに、ほかの方が変更したか、もう済んでいます。"),
            _("開き直して、今の内容を確かめてください。"),
        ),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
            _("大きすぎます"),
            _("送られた内容が、受け取れる大きさを超えています。"),
            _("小さくしてから、もう一度送ってください。"),
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: (
            _("内容を確かめてください"),
            _("入力された内容に、直すところがあります。"),
            _("前の画面にもどり、直してから送ってください。"),
        ),
        HTTPStatus.TOO_MANY_REQUESTS: (
            _("少しお待ちください"),
            _("短い時間に、たくさんの操作がありました。"),
            _("1分ほど待ってから、もう一度お試しください。"),
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: (
            _("ただいま使えません"),
            _("つながっている先が、いま答えていません。"),
            _("しばらくしてから、もう一度お試しください。"),
        ),
    }
    unexpected = (
        _("うまく動きませんでした"),
        _("こちらの不具合です。記録は失われていません。"),
        _("もう一度お試しください。くり返すときは、下の番号をお知らせください。"),
    )
    return known.get(status, unexpected if status >= 500 else known[HTTPStatus.BAD_REQUEST])  # noqa: PLR2004
