"""``python -m simulators.openid serve``: the simulated デジタル認証アプリ on loopback."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from typing import TYPE_CHECKING

import structlog
from joserfc.jwk import ECKey

from config.settings import Mode, SimulatorSettings, simulator_settings
from simulators.openid.phones import Phones
from simulators.openid.provider import Client, Provider, new_key
from simulators.openid.server import Desk, bind, issuer_at, make_app

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="simulators.openid", description=__doc__)
    parser.add_argument("command", choices=("serve",))
    parser.parse_args(argv)
    settings = simulator_settings()
    if settings.mode is Mode.PRODUCTION:
        log.error(
            "openid.refused", why="simulated: TSUNAGU_SIMULATOR_MODE is not development or test"
        )
        return 2
    return _serve(settings)


def _serve(settings: SimulatorSettings) -> int:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    provider = Provider(
        issuer_at(settings.openid_port),
        {client.client_id: client for client in _clients(settings)},
        [_kept_key(settings.var / "openid-provider.pem")],
        pairwise_secret=b"the same names in every run of a development world",
    )
    server = bind(make_app(Desk(provider, Phones(settings.var))), settings.openid_port)
    log.warning("openid.serving", issuer=provider.issuer, simulated=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        log.info("openid.stopped")
    finally:
        server.server_close()
    return 0


def _clients(settings: SimulatorSettings) -> list[Client]:
    if not settings.openid_redirect_uris:
        return []
    jwks = json.loads(settings.openid_client_jwks.read_text(encoding="utf-8"))
    return [Client(settings.openid_client_id, settings.openid_redirect_uris, jwks)]


def _kept_key(path: Path) -> ECKey:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(new_key().as_pem(private=True))
    return ECKey.import_key(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
