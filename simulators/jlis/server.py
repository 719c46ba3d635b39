"""CRL, OCSP and timestamps over HTTP on loopback.

GET  /crl/<auth|sign>/index.json      names of the partition files
GET  /crl/<auth|sign>/<name>.crl      one partition's CRL (DER)
POST /ocsp/<auth|sign>                one OCSP request (DER)
POST /timestamp                       one timestamp request (RFC 3161, DER)
GET  /healthz
"""

from __future__ import annotations

import json
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeAlias

import structlog
from typing_extensions import override

from simulators.jlis import clock
from simulators.jlis.profile import Purpose

if TYPE_CHECKING:
    from simulators.jlis.office import Office

log = structlog.get_logger(__name__)

MAXIMUM_REQUEST_BYTES = 16 * 1024
_OCSP_RESPONSE = "application/ocsp-response"
_CRL = "application/pkix-crl"
_TIMESTAMP_REPLY = "application/timestamp-reply"

Answer: TypeAlias = tuple[HTTPStatus, str, bytes]

_NOT_FOUND: Answer = (HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")


class JlisServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only; port 0 takes a free one."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, office: Office, port: int) -> None:
        self.office = office
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def port(self) -> int:
        """The port really taken."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: JlisServer
    server_version = "SimulatedJLIS"
    sys_version = ""
    timeout = 10
    disable_nagle_algorithm = True

    @override
    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self._send((HTTPStatus.OK, "text/plain", b"simulated J-LIS\n"))
        match self.path.split("/")[1:]:
            case ["crl", purpose, "index.json"] if purpose in set(Purpose):
                return self._send(self._index(Purpose(purpose)))
            case ["crl", purpose, name] if purpose in set(Purpose):
                return self._send(self._crl(Purpose(purpose), name))
            case _:
                return self._send(_NOT_FOUND)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAXIMUM_REQUEST_BYTES:
            return self._send((HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", b"too large\n"))
        body = self.rfile.read(int(length))
        match self.path.split("/")[1:]:
            case ["ocsp", purpose] if purpose in set(Purpose):
                answer = self.server.office.ocsp(Purpose(purpose), body, at=clock.now())
                return self._send((HTTPStatus.OK, _OCSP_RESPONSE, answer))
            case ["timestamp"]:
                answer = self.server.office.timestamps.answer(body, at=clock.now())
                return self._send((HTTPStatus.OK, _TIMESTAMP_REPLY, answer))
            case _:
                return self._send(_NOT_FOUND)

    def _index(self, purpose: Purpose) -> Answer:
        names = [p.file_name for p in self.server.office.index.partitions() if p.purpose is purpose]
        return HTTPStatus.OK, "application/json", json.dumps({"crls": names}).encode()

    def _crl(self, purpose: Purpose, name: str) -> Answer:
        office = self.server.office
        for partition in office.index.partitions():
            if partition.purpose is purpose and partition.file_name == name:
                return HTTPStatus.OK, _CRL, office.crl(partition, at=clock.now())
        return _NOT_FOUND

    def _send(self, answer: Answer) -> None:
        status, content_type, body = answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        log.debug("jlis.request", line=format % args)
