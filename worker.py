"""The door of the job workers: ``celery -A worker:celery worker``, with ``-B`` on one of them."""

from __future__ import annotations

from app.factory import create_app
from app.jobs.workers import make_celery

celery = make_celery(create_app())
