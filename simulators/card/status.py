"""Status words of ISO/IEC 7816-4 that the card answers with."""

from __future__ import annotations

OK = 0x9000
TRIES_LEFT = 0x63C0  # plus the number of tries left
WRONG_LENGTH = 0x6700
WRONG_FILE_TYPE = 0x6981
SECURITY_NOT_SATISFIED = 0x6982
METHOD_BLOCKED = 0x6983
REFERENCE_UNUSABLE = 0x6984
CONDITIONS_NOT_SATISFIED = 0x6985
NO_CURRENT_FILE = 0x6986
WRONG_DATA = 0x6A80
FILE_NOT_FOUND = 0x6A82
WRONG_PARAMETERS = 0x6A86
OFFSET_OUTSIDE_FILE = 0x6B00
UNKNOWN_INSTRUCTION = 0x6D00
UNKNOWN_CLASS = 0x6E00


class CardRefusal(Exception):
    """The card answers this status word and no data."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status
