"""C-STORE answers (PS3.4 Table B.2-1, PS3.7 Annex C)."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700  # refused: out of resources
DATA_SET_DOES_NOT_MATCH: Final = 0xA900  # error: data set does not match SOP class
CANNOT_UNDERSTAND: Final = 0xC000  # error: cannot understand
