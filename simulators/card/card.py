"""The My Number Card as a reader sees it: command bytes in, answer bytes out.

Only the JPKI application answers. The applications that hold the Individual Number (個人番号) are
absent on purpose: this product never selects them. Logs carry instruction and status word, no data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from simulators.card import files, status
from simulators.card.apdu import EXTENDED_MAXIMUM, CommandApdu, parse_command
from simulators.card.files import build_files
from simulators.card.pins import AUTH_RULE, SIGN_RULE, Pin
from simulators.card.signing import sign
from simulators.card.status import CardRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.card.folder import CardFolder

AID = bytes.fromhex("D392F000260100000001")
ATR_CONTACT = bytes.fromhex("3BE000FF8131FE4514")
ATR_CONTACTLESS = bytes.fromhex("3B888001000000009181C100D8")

_SELECT = 0xA4
_VERIFY = 0x20
_CHANGE = 0x24
_READ_BINARY = 0xB0
_PERFORM_SECURITY_OPERATION = 0x2A
_CLA_ISO = 0x00
_CLA_PROPRIETARY = 0x80
_BY_NAME = 0x04
_BY_FILE_ID = 0x02
_NO_ANSWER_DATA = 0x0C
_CURRENT = 0x80

_log = structlog.get_logger(__name__)


class SimulatedCard:
    """One card. Not thread-safe: a reader talks to it one command at a time."""

    def __init__(self, folder: CardFolder) -> None:
        self.atr = ATR_CONTACTLESS if folder.contactless else ATR_CONTACT
        self._files = build_files(folder)
        self._folder = folder
        self._pins = {files.AUTH_PIN: self._auth_pin(), files.SIGN_PIN: self._sign_pin()}
        self._selected = False
        self._current: int | None = None
        self._handlers: dict[tuple[int, int], Callable[[CommandApdu], bytes]] = {
            (_CLA_ISO, _SELECT): self._select,
            (_CLA_ISO, _VERIFY): self._verify,
            (_CLA_ISO, _CHANGE): self._change,
            (_CLA_ISO, _READ_BINARY): self._read_binary,
            (_CLA_PROPRIETARY, _PERFORM_SECURITY_OPERATION): self._sign,
        }

    def power_down(self) -> None:
        """Lose power or be reset: nothing is selected and no PIN counts as shown."""
        self._selected, self._current = False, None
        for pin in self._pins.values():
            pin.power_down()

    def transmit(self, raw: bytes) -> bytes:
        """Answer one command: data followed by the two bytes of the status word."""
        try:
            data, word = self._dispatch(parse_command(raw)), status.OK
        except CardRefusal as refusal:
            data, word = b"", refusal.status
        _log.debug("card_command", ins=raw[1:2].hex(), status=f"{word:04x}")
        return data + word.to_bytes(2, "big")

    def _dispatch(self, command: CommandApdu) -> bytes:
        if command.cla not in {_CLA_ISO, _CLA_PROPRIETARY}:
            raise CardRefusal(status.UNKNOWN_CLASS)
        handler = self._handlers.get((command.cla, command.ins))
        if command.ins == _SELECT and handler:
            return handler(command)
        if not self._selected:
            raise CardRefusal(status.CONDITIONS_NOT_SATISFIED)
        if handler is None:
            raise CardRefusal(status.UNKNOWN_INSTRUCTION)
        return handler(command)

    def _select(self, command: CommandApdu) -> bytes:
        if command.p2 not in {0x00, _NO_ANSWER_DATA}:
            raise CardRefusal(status.WRONG_PARAMETERS)
        if command.p1 == _BY_NAME:
            return self._select_application(command.data)
        if command.p1 == _BY_FILE_ID:
            return self._select_file(command.data)
        raise CardRefusal(status.WRONG_PARAMETERS)

    def _select_application(self, name: bytes) -> bytes:
        if name != AID:
            raise CardRefusal(status.FILE_NOT_FOUND)
        self._selected, self._current = True, None
        return b""

    def _select_file(self, name: bytes) -> bytes:
        if len(name) != 2:  # noqa: PLR2004 - a file id has two bytes
            raise CardRefusal(status.WRONG_LENGTH)
        file_id = int.from_bytes(name, "big")
        if not self._selected or not self._files.exists(file_id):
            raise CardRefusal(status.FILE_NOT_FOUND)
        self._current = file_id
        return b""

    def _current_pin(self, command: CommandApdu) -> Pin:
        if command.p2 != _CURRENT:
            raise CardRefusal(status.WRONG_PARAMETERS)
        pin = self._pins.get(self._current or 0)
        if pin is None:
            raise CardRefusal(status.CONDITIONS_NOT_SATISFIED)
        return pin

    def _verify(self, command: CommandApdu) -> bytes:
        if command.p1 != 0:
            raise CardRefusal(status.WRONG_PARAMETERS)
        pin = self._current_pin(command)
        return _require_ok(pin.verify(command.data) if command.data else pin.query())

    def _change(self, command: CommandApdu) -> bytes:
        if command.p1 != 1:
            raise CardRefusal(status.WRONG_PARAMETERS)
        return _require_ok(self._current_pin(command).change(command.data))

    def _read_binary(self, command: CommandApdu) -> bytes:
        offset = command.p2
        if command.p1 & 0x80:
            self._current = self._file_by_short_id(command.p1)
        else:
            offset |= command.p1 << 8
        content = self._readable_content()
        if command.data or command.le is None:
            raise CardRefusal(status.WRONG_LENGTH)
        if offset >= len(content):
            raise CardRefusal(status.OFFSET_OUTSIDE_FILE)
        return content[offset : offset + command.le]

    def _file_by_short_id(self, reference: int) -> int:
        if reference & 0x60:
            raise CardRefusal(status.WRONG_PARAMETERS)
        file_id = self._files.by_short_id(reference & 0x1F)
        if file_id is None:
            raise CardRefusal(status.FILE_NOT_FOUND)
        return file_id

    def _readable_content(self) -> bytes:
        if self._current is None:
            raise CardRefusal(status.NO_CURRENT_FILE)
        if self._current in files.KEYS_AND_PINS:
            raise CardRefusal(status.WRONG_FILE_TYPE)
        if self._current in files.NEEDS_SIGN_PIN:
            self._pins[files.SIGN_PIN].require()
        return self._files.transparent[self._current]

    def _sign(self, command: CommandApdu) -> bytes:
        file_id = self._current
        if command.p2 != _CURRENT:
            file_id = self._file_by_short_id(command.p2) if command.p2 & _CURRENT else None
        if file_id == files.AUTH_KEY:
            material, pin = self._folder.auth, self._pins[files.AUTH_PIN]
        elif file_id == files.SIGN_KEY and self._folder.sign:
            material, pin = self._folder.sign, self._pins[files.SIGN_PIN]
        else:
            raise CardRefusal(status.CONDITIONS_NOT_SATISFIED)
        pin.require()
        signature = sign(material.key, command.p1, command.data)
        if (command.le or EXTENDED_MAXIMUM) < len(signature):
            raise CardRefusal(status.WRONG_LENGTH)
        return signature

    def _auth_pin(self) -> Pin:
        return Pin(
            AUTH_RULE,
            self._folder.auth_pin,
            blocked_status=self._folder.blocked_status,
            save=lambda value: self._folder.save_pin("auth", value),
        )

    def _sign_pin(self) -> Pin:
        return Pin(
            SIGN_RULE,
            self._folder.sign_pin,
            blocked_status=self._folder.blocked_status,
            save=lambda value: self._folder.save_pin("sign", value),
        )


def _require_ok(word: int) -> bytes:
    if word != status.OK:
        raise CardRefusal(word)
    return b""
