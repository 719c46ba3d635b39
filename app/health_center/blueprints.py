"""Every page of the staff desk, for the factory."""

from __future__ import annotations

from app.health_center import (
    clinic_day_views,
    dose_views,
    import_views,
    incident_views,
    views,
    worklist_views,
)

DESK = (
    views.bp,
    clinic_day_views.bp,
    dose_views.bp,
    import_views.bp,
    incident_views.bp,
    worklist_views.bp,
)
