"""Security headers on every answer, and the content security policy with its nonce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request
from werkzeug.exceptions import BadRequest

from app.crypto.tokens import new_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask, Response

PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)


VIEWER_FILES = "/static/viewer/"
"""A worker obeys the policy of its own script's answer, so these files carry the viewer's."""


def csp_nonce() -> str:
    """The nonce of this answer, for the few elements a policy must name."""
    if "csp_nonce" not in g:
        g.csp_nonce = new_token()
    return str(g.csp_nonce)


def allow_images_from(origins: Iterable[str]) -> None:
    """Let this one answer connect to these gateways and decode images: the viewer's page."""
    g.viewer_origins = tuple(origins)


def allow_forms_to(origin: str) -> None:
    """Let a form of this one answer lead to this origin too, where its redirect goes."""
    g.form_target = origin


def _policy() -> str:
    gateways = () if request.path.startswith(VIEWER_FILES) else g.get("viewer_origins")
    script = f"script-src 'self' 'nonce-{csp_nonce()}'"
    directives = [
        "default-src 'none'",
        script + (" 'wasm-unsafe-eval'" if gateways is not None else ""),
        "style-src 'self'",
        "img-src 'self' data: blob:" if gateways is not None else "img-src 'self' data:",
        "font-src 'self'",
        "connect-src " + " ".join(["'self'", *(gateways or ())]),
        "manifest-src 'self'",
        " ".join(("form-action 'self'", *g.get("form_target", "").split())),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    if gateways is not None:
        directives.append("worker-src 'self'")
    return "; ".join(directives)


def refuse_null_characters() -> None:
    """U+0000 is no text: PostgreSQL can neither keep nor compare it. Answers 400."""
    typed = (*request.args.items(multi=True), *request.form.items(multi=True))
    if any("\x00" in text for _name, text in typed):
        raise BadRequest("null character")


def init_security(app: Flask, *, https: bool) -> None:
    """Put the headers on every answer; static viewer files get the viewer's policy."""
    app.before_request(refuse_null_characters)

    @app.after_request
    def headers(response: Response) -> Response:
        values = {
            "Content-Security-Policy": _policy(),
            "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": PERMISSIONS,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        if https:
            values["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        for name, value in values.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response
