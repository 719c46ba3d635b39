"""Addresses of static files: with the hash of their content, so that caches never lie."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import current_app, request, url_for

from app.crypto.digests import sha256_hex

if TYPE_CHECKING:
    from flask import Flask, Response

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
_VIEWER_ENTRY = "src/main.ts"


def asset(name: str) -> str:
    """The address of a static file, with a version that changes with its content."""
    return request.script_root + _address(_static_folder(), str(current_app.static_url_path), name)


def viewer_assets() -> dict[str, list[str]] | None:
    """Script and styles of the built viewer, or None when it was not built."""
    manifest = Path(_static_folder()) / "viewer" / ".vite" / "manifest.json"
    if not manifest.is_file():
        return None
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    entry = next((e for e in entries.values() if e.get("isEntry")), entries.get(_VIEWER_ENTRY))
    if entry is None:
        return None
    return {
        "scripts": [url_for("static", filename=f"viewer/{entry['file']}")],
        "styles": [url_for("static", filename=f"viewer/{css}") for css in entry.get("css", [])],
    }


def init_assets(app: Flask) -> None:
    """Give templates ``asset()`` and let static files be cached as long as their name holds."""
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["viewer_assets"] = viewer_assets

    @app.after_request
    def cache_static(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200:  # noqa: PLR2004
            hashed = "v" in request.args or request.path.startswith("/static/viewer/assets/")
            response.headers["Cache-Control"] = IMMUTABLE if hashed else REVALIDATE
        return response


def _static_folder() -> str:
    return str(current_app.static_folder)


@cache
def _address(folder: str, url_path: str, name: str) -> str:
    return f"{url_path}/{quote(name)}?v={_version(Path(folder) / name)}"


@cache
def _version(path: Path) -> str:
    return sha256_hex(path.read_bytes())[:12] if path.is_file() else "none"
