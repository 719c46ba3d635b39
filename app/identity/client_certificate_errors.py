"""What can go wrong with a login by TLS client certificate, beside what JPKI itself refuses."""

from __future__ import annotations

from app.core.errors import Invalid, NotFound, Rejected


class CertificateLoginNotHere(NotFound):
    """The request did not come through the port where certificates are asked for."""

    code = "certificate-login-not-here"


class ClientCertificateForged(Rejected):
    """Somebody says what only our own nginx may say."""

    code = "client-certificate-forged"


class ClientCertificateMissing(Rejected):
    """The browser showed no certificate."""

    code = "client-certificate-missing"


class BadClientCertificate(Invalid):
    """What was handed on is not a certificate."""

    code = "client-certificate-malformed"
