"""A DICOMweb peer for tests: a portal page with a token desk, and gateways on ports of their own.

It answers as the wire says and can be told to misbehave: tokens that die, consent that ends, a
gateway that is down. It keeps what it was asked, so that tests can look for leaks.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import imagecodecs
import numpy as np
from pydicom.encaps import generate_frames
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset

BUILD = Path(__file__).resolve().parents[3] / "app" / "static" / "viewer"
BOUNDARY = "tsunagu-frame"
HTJ2K = "1.2.840.10008.1.2.4.201"
_STRICT_ALONE = threading.Lock()
"""pydicom's strict reading is a switch of the whole process: two threads would leave it on."""
CSRF = "csrf-of-the-page"
SESSION_COOKIE = "session=of-the-portal"
TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
PATIENT = {
    "kanji": "見本 太郎",
    "kana": "みほん たろう",
    "id": "B-7001",
    "birthDate": "1990-05-01",
    "age": "36歳",
    "sex": "男",
}
PAGE = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><title>画像 — つなぐ</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/viewer/{style}">
<script type="module" src="/static/viewer/{script}"></script>
</head><body><div id="viewer"></div>
<script type="application/json" id="viewer-config">{config}</script></body></html>"""


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    authorization: str
    cookie: str
    referrer: str


@dataclass(frozen=True)
class Answer:
    """One response to send."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def problem(status: int, code: str) -> Answer:
    """A short JSON error."""
    return Answer(status, json.dumps({"code": code}).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        answer = self.server.respond(self, body)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_OPTIONS = _handle  # noqa: N815

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Tests read ``asked``; nothing is printed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, respond: Callable[[BaseHTTPRequestHandler, bytes], Answer | None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no failure of the peer."""


@dataclass
class Gateway:
    """One hospital: its objects, the tokens it accepts, and how it misbehaves."""

    gateway_id: str
    name: str
    portal_origin: str
    objects: list[Dataset] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    asked: list[Asked] = field(default_factory=list)
    down: bool = False
    hidden: bool = False
    broken: set[str] = field(default_factory=set)
    copies: bool = False
    """Grey native frames have an HTJ2K copy for requests that name it."""
    copies_sent: int = 0
    longest_head: int = 1 << 20
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self.server = _Server(self._respond)
        self.base_url = f"{self.server.origin}/dicom-web"

    def add(self, objects: Sequence[Dataset]) -> None:
        """Store objects."""
        self.objects.extend(objects)

    @property
    def studies(self) -> list[str]:
        """Study instance UIDs, in the order they came."""
        return list(dict.fromkeys(str(ds.StudyInstanceUID) for ds in self.objects))

    def expire_tokens(self) -> None:
        """Every token handed out so far is dead."""
        self.tokens.clear()

    def frames_asked(self) -> list[str]:
        """Paths of frames that were fetched (not the preflights)."""
        return [a.path for a in self.asked if a.method == "GET" and "/frames/" in a.path]

    def _respond(self, request: BaseHTTPRequestHandler, _body: bytes) -> Answer | None:
        headers = request.headers
        self.asked.append(
            Asked(
                request.command,
                request.path,
                headers.get("Authorization") or "",
                headers.get("Cookie") or "",
                headers.get("Referer") or "",
            )
        )
        if self.down:
            return None
        answer = self._answer(request)
        cors = (
            ("Access-Control-Allow-Origin", self.portal_origin),
            ("Vary", "Origin"),
        )
        return Answer(answer.status, answer.body, answer.content_type, answer.headers + cors)

    def _answer(self, request: BaseHTTPRequestHandler) -> Answer:
        if request.command == "OPTIONS":
            allow = (
                ("Access-Control-Allow-Methods", "GET, OPTIONS"),
                ("Access-Control-Allow-Headers", "Authorization, Range"),
                ("Access-Control-Max-Age", "7200"),
            )
            return Answer(204, headers=allow)
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.tokens:
            return problem(401, "token-expired")
        if self.hidden:
            return problem(404, "not-found")
        url = urlsplit(request.path)
        path = url.path.removeprefix("/dicom-web")
        asked = request.headers.get("Accept") or ""
        if asked.startswith("image/jphc"):
            return self._head(path.strip("/").split("/"), request.headers.get("Range") or "")
        copy = self.copies and "image/jphc" in asked
        return self._resource(path, parse_qs(url.query), copy=copy)

    def _resource(self, path: str, query: dict[str, list[str]], *, copy: bool) -> Answer:
        match path.strip("/").split("/"):
            case ["studies"]:
                wanted = query.get("StudyInstanceUID", [""])[0]
                return self._json([study_json(self._of(wanted))] if self._of(wanted) else [])
            case ["studies", study, "series"]:
                return self._json(self._series(study))
            case ["studies", study, "series", series, "metadata"]:
                return self._json([instance_json(ds) for ds in self._of(study, series)])
            case ["studies", study, "series", series, "instances", instance, "frames", frame]:
                return self._frame(study, series, instance, int(frame), copy=copy)
            case _:
                return problem(404, "not-found")

    def _of(self, study: str, series: str | None = None) -> list[Dataset]:
        return [
            ds
            for ds in self.objects
            if study == ds.StudyInstanceUID and series in (None, ds.SeriesInstanceUID)
        ]

    def _series(self, study: str) -> list[dict[str, Any]]:
        uids = dict.fromkeys(str(ds.SeriesInstanceUID) for ds in self._of(study))
        return [series_json(self._of(study, uid)) for uid in uids]

    def _json(self, rows: list[dict[str, Any]]) -> Answer:
        return Answer(200, json.dumps(rows).encode(), "application/dicom+json")

    def _head(self, path: list[str], wanted: str) -> Answer:
        """The first bytes of a copy; they come at once, however long the rest takes."""
        last = re.fullmatch(r"bytes=0-(\d+)", wanted)
        match path:
            case ["studies", study, "series", series, "instances", instance, "frames", "1"] if last:
                found = [ds for ds in self._of(study, series) if instance == ds.SOPInstanceUID]
                if not found or not self.copies:
                    return Answer(206, bytes(16), "application/octet-stream")
                stream = htj2k_copy(found[0], frame_bytes(found[0], 1))
                part = stream[: min(int(last[1]) + 1, self.longest_head)]
                return Answer(206, part, f"image/jphc; transfer-syntax={HTJ2K}")
            case _:
                return problem(404, "not-found")

    def _frame(self, study: str, series: str, instance: str, number: int, *, copy: bool) -> Answer:
        self.gate.wait(10)
        for ds in self._of(study, series):
            if instance == ds.SOPInstanceUID:
                broken = instance in self.broken
                data = b"not an image" if broken else frame_bytes(ds, number)
                if copy and not broken:
                    self.copies_sent += 1
                    return Answer(200, *multipart(htj2k_copy(ds, data), HTJ2K, "image/jphc"))
                return Answer(200, *multipart(data, ds.file_meta.TransferSyntaxUID))
        return problem(404, "not-found")


@dataclass
class Portal:
    """The viewer's page, its static files and the token desk."""

    gateways: list[Gateway] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    expires_in: float = 300
    refusal: tuple[int, dict[str, str]] | None = None
    tokens_issued: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = _Server(self._respond)
        self.origin = self.server.origin
        self.url = f"{self.origin}/viewer"

    def new_gateway(self, gateway_id: str, name: str) -> Gateway:
        """Open one more hospital."""
        gateway = Gateway(gateway_id, name, self.origin)
        self.gateways.append(gateway)
        return gateway

    def refuse(self, status: int, code: str = "", message: str = "") -> None:
        """Every further token is refused like this."""
        self.refusal = (status, {"code": code, "message": message})

    def stop(self) -> None:
        """Close every port."""
        for server in (self.server, *(gateway.server for gateway in self.gateways)):
            server.stop()

    def _respond(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer | None:
        headers = request.headers
        self.asked.append(Asked(request.command, request.path, "", headers.get("Cookie") or "", ""))
        path = urlsplit(request.path).path
        if path == "/viewer":
            return self._page()
        if path == "/imaging":
            return Answer(200, "<!doctype html><title>一覧</title>".encode(), "text/html")
        if path == "/token" and request.command == "POST":
            return self._token(request, body)
        if path.startswith("/static/viewer/"):
            return _static(path.removeprefix("/static/viewer/"), self._csp())
        return problem(404, "not-found")

    def _page(self) -> Answer:
        manifest = json.loads((BUILD / ".vite" / "manifest.json").read_text())
        entry = manifest["src/main.ts"]
        config = json.dumps(self._config(), ensure_ascii=False).replace("<", "\\u003c")
        page = PAGE.format(style=entry["css"][0], script=entry["file"], config=config)
        cookie = ("Set-Cookie", f"{SESSION_COOKIE}; HttpOnly; SameSite=Lax; Path=/")
        return Answer(200, page.encode(), "text/html; charset=utf-8", (cookie, self._csp()))

    def _config(self) -> dict[str, Any]:
        sources = [
            {
                "gatewayId": gateway.gateway_id,
                "gatewayName": gateway.name,
                "baseUrl": gateway.base_url,
                "studies": gateway.studies,
            }
            for gateway in self.gateways
        ]
        base = {
            "tokenUrl": "/token",
            "csrfToken": CSRF,
            "backUrl": "/imaging",
            "language": "ja",
            "patient": PATIENT,
            "sources": sources,
            "until": "2099-12-01T09:00:00+09:00",
            "simulated": True,
            "test": True,
        }
        return base | self.config

    def _csp(self) -> tuple[str, str]:
        connect = " ".join(["'self'", *(gateway.server.origin for gateway in self.gateways)])
        return (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
            f"style-src 'self'; connect-src {connect}; img-src 'self' data: blob:; "
            "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        )

    def _token(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        if request.headers.get("X-CSRFToken") != CSRF:
            return problem(400, "csrf")
        if SESSION_COOKIE not in (request.headers.get("Cookie") or ""):
            return problem(401, "login")
        if self.refusal:
            status, reason = self.refusal
            return Answer(status, json.dumps(reason).encode())
        wanted = json.loads(body)["gateway"]
        token = f"{wanted}.{uuid4().hex}"
        next(gateway for gateway in self.gateways if gateway.gateway_id == wanted).tokens.add(token)
        self.tokens_issued.append(token)
        return Answer(200, json.dumps({"token": token, "expires_in": self.expires_in}).encode())


def _static(name: str, csp: tuple[str, str]) -> Answer:
    path = (BUILD / name).resolve()
    if not path.is_relative_to(BUILD) or not path.is_file():
        return problem(404, "not-found")
    return Answer(
        200, path.read_bytes(), TYPES.get(path.suffix, "application/octet-stream"), (csp,)
    )


def htj2k_copy(ds: Dataset, frame: bytes) -> bytes:
    """A grey frame of 16 bits as a gateway packs it."""
    sign = "i" if ds.PixelRepresentation else "u"
    pixels = np.frombuffer(frame, f"<{sign}2").reshape(ds.Rows, ds.Columns)
    return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))


def multipart(
    data: bytes, transfer_syntax: str, inner: str = "application/octet-stream"
) -> tuple[bytes, str]:
    """One part with its transfer syntax (PS3.18 8.7.3.5.2), and the outer media type."""
    head = (
        f"--{BOUNDARY}\r\nContent-Type: {inner}; "
        f"transfer-syntax={transfer_syntax}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f'multipart/related; type="{inner}"; boundary={BOUNDARY}'
    return body, kind


def frame_bytes(ds: Dataset, number: int) -> bytes:
    """The stored bytes of one frame, counted from 1."""
    frames = int(ds.get("NumberOfFrames") or 1)
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        return list(generate_frames(ds.PixelData, number_of_frames=frames))[number - 1]
    size = len(ds.PixelData) // frames
    return bytes(ds.PixelData[(number - 1) * size : number * size])


def instance_json(ds: Dataset) -> dict[str, Any]:
    """The attributes without pixels, as WADO-RS metadata gives them."""
    with _STRICT_ALONE:
        attributes: dict[str, Any] = ds.to_json_dict(suppress_invalid_tags=True)
    attributes.pop("7FE00010", None)
    attributes["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    attributes["00083002"] = {"vr": "UI", "Value": [str(ds.file_meta.TransferSyntaxUID)]}
    return attributes


def series_json(objects: Sequence[Dataset]) -> dict[str, Any]:
    """A QIDO-RS series row."""
    tags = ("00080060", "0008103E", "0020000D", "0020000E", "00200011")
    attributes = instance_json(objects[0])
    row = {tag: attributes[tag] for tag in tags if tag in attributes}
    return row | {"00201209": {"vr": "IS", "Value": [len(objects)]}}


def study_json(objects: Sequence[Dataset]) -> dict[str, Any]:
    """A QIDO-RS study row."""
    tags = ("00080020", "00081030", "00100010", "00100020", "00100030", "0020000D")
    attributes = instance_json(objects[0])
    return {tag: attributes[tag] for tag in tags if tag in attributes}
