"""Every table of the portal in one metadata, for migrations and for a check of the schema."""

from __future__ import annotations

from app.audit import models as audit
from app.calendar_feed import models as calendar_feed
from app.core import outbox
from app.core.db import Base
from app.family import models as family
from app.family import standing
from app.fhir import models as fhir
from app.handbook import models as handbook
from app.identity import models as identity
from app.identity import openid_models as openid
from app.identity import registration_models as registration
from app.imaging import models as imaging
from app.immunization import incident_models, objections
from app.immunization import models as immunization
from app.jobs import models as jobs
from app.jpki import models as jpki
from app.messagebox import models as messagebox
from app.notifications import models as notifications
from app.paper_book import models as paper_book
from app.registry import models as registry
from app.reminders import models as reminders
from app.web import models as web

metadata = Base.metadata
told = (
    calendar_feed, incident_models, jobs, messagebox, notifications, objections, paper_book,
    reminders, standing
)  # fmt: skip
features = (
    audit, family, fhir, handbook, identity, imaging, immunization, jpki, openid, outbox,
    registration, registry, web
)  # fmt: skip
