"""``python -m dicom_gateway``."""

from __future__ import annotations

import sys

from dicom_gateway.cli import main

if __name__ == "__main__":
    sys.exit(main())
