"""The gateway as a service of the operating system."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicom_gateway.settings import DEFAULT_FILE

if TYPE_CHECKING:
    import argparse

_TEMPLATE: Final = Path(__file__).with_name("tsunagu-gateway.service")


def unit(command: Path, file: Path) -> str:
    """The systemd unit that runs ``command`` with the configuration ``file``."""
    template = _TEMPLATE.read_text("utf-8")
    return template.replace("{command}", str(command)).replace("{file}", str(file))


def print_unit(options: argparse.Namespace) -> int:
    """Print the unit for the environment this program is installed in."""
    command = Path(sys.executable).with_name("tsunagu-gateway")
    file: Path = options.config or DEFAULT_FILE
    sys.stdout.write(unit(command, file.absolute()))
    return 0
