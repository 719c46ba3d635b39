"""TLS for DIMSE by the BCP 195 profile (PS3.15 B.12, RFC 8996): 1.2 at least, certificates on both
sides, forward secrecy and authenticated ciphers only."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dicom_gateway.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of 1.3 are all of this kind (RFC 9325 §4.2)."""


@dataclass(frozen=True)
class TlsFiles:
    """This gateway's certificate chain and key, and the authorities that peers are checked by."""

    certificate: Path
    key: Path
    authorities: Path


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """For peers that call.

    Raises:
        Misconfigured: a file is missing or not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return _prepared(context, files)


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """For peers that are called; their certificate must name their host.

    Raises:
        Misconfigured: as :func:`server_context`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _prepared(context, files)


def _prepared(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_ciphers(CIPHERS)
    try:
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(files.authorities)
    except OSError as error:
        raise Misconfigured(
            "dicom_tls_certificate, dicom_tls_key and dicom_tls_authorities are PEM files that "
            f"belong together: {error.strerror or error}"
        ) from error
    return context
