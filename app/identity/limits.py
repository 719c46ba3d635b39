"""How long sessions last, by what a person does here.

OWASP ASVS 5.0 §7.3: both an idle and an absolute limit. A desk of staff stands open among people,
so it closes sooner, and locks instead of losing what was being typed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from app.web.session import Limits

RESIDENT: Final = Limits(idle=timedelta(minutes=60), life=timedelta(hours=12))
STAFF: Final = Limits(idle=timedelta(minutes=15), life=timedelta(hours=12), locks=True)
