"""Every table of the portal in one metadata, for migrations and for a check of the schema."""

from __future__ import annotations

from app.audit import models as audit
from app.core import outbox
from app.core.db import Base
from app.family import models as family
from app.handbook import models as handbook
from app.identity import models as identity
from app.identity import openid_models as openid
from app.identity import registration_models as registration
from app.imaging import models as imaging
from app.immunization import models as immunization
from app.jpki import models as jpki
from app.registry import models as registry
from app.web import models as web

metadata = Base.metadata
features = (
    audit, family, handbook, identity, imaging, immunization, jpki, openid, outbox, registration,
    registry, web
)  # fmt: skip
