"""Answers of the DIMSE services (PS3.4 Tables B.2-1, C.4-1 to C.4-3, PS3.7 Annex C)."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700  # refused: out of resources
DATA_SET_DOES_NOT_MATCH: Final = 0xA900  # error: data set does not match SOP class
CANNOT_UNDERSTAND: Final = 0xC000  # error: cannot understand
NOT_AUTHORIZED: Final = 0x0124  # refused: this peer may not
PENDING: Final = 0xFF00
CANCEL: Final = 0xFE00
IDENTIFIER_DOES_NOT_MATCH: Final = 0xA900  # error: identifier does not match SOP class
UNABLE_TO_PROCESS: Final = 0xC001  # failure: unable to process
DESTINATION_UNKNOWN: Final = 0xA801  # refused: move destination unknown
SUBOPERATIONS_IMPOSSIBLE: Final = 0xA702  # refused: unable to perform sub-operations
SOME_FAILED: Final = 0xB000  # warning: sub-operations complete, one or more failures
NO_SUCH_INSTANCE: Final = 0x0112  # PS3.7 C.4.2: no such SOP instance
INVALID_ARGUMENT: Final = 0x0115  # invalid argument value
NO_SUCH_ACTION: Final = 0x0123  # no such action type
RESOURCE_LIMITATION: Final = 0x0213  # resource limitation
