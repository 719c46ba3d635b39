"""A granted study that is not here: fetched from a peer while the client waits and asks again.

Only for studies the token names; who asks for others gets the answer of a study that does not
exist (``dicomweb/service.py``), and nothing is asked of any peer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicom_gateway import clock
from dicom_gateway.errors import ArchiveAway, PullPending
from dicom_gateway.index import pulls
from dicom_gateway.index.engine import reading
from dicom_gateway.index.pulls import REMEMBERED_SECONDS, Standing, State
from dicom_gateway.specimen import CHECK_STUDY

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


@dataclass(frozen=True)
class Priors:
    """``is_served``: whether any peer may be asked at all."""

    engine: Engine
    is_served: bool

    def require_whole(self, connection: Connection, study: str) -> bool:
        """Half a study must not be taken for the whole.

        Returns:
            whether all that was to be fetched of it came.

        Raises:
            PullPending: it is coming in.
        """
        if not self.is_served:
            return True
        now = pulls.standing(connection, study)
        if now is not None and now.is_active:
            raise PullPending(now.arrived, now.expected)
        return now is None or now.state is not State.FAILED

    def ask_for(self, study: str) -> None:
        """Nothing of this granted study can be shown: let it be fetched, if it may be.

        Returns when there is nothing to wait for.

        Raises:
            PullPending: it is coming in.
            ArchiveAway: that failed a moment ago.
        """
        if not self.is_served or study == CHECK_STUDY:
            return
        with reading(self.engine) as connection:
            now = pulls.standing(connection, study)
        if now is None or not (now.is_active or _is_fresh(now)):
            if pulls.objects_here(self.engine, study):
                return
            now = pulls.ask(self.engine, study)
        if now.is_active:
            raise PullPending(now.arrived, now.expected)
        if now.state is State.FAILED:
            raise ArchiveAway(
                "The hospital's archive did not hand out this study. It is asked again in a "
                "minute; if this goes on, tell the hospital's administrator."
            )


def _is_fresh(now: Standing) -> bool:
    """An answer that still stands; a study that was fetched and expired since is fetched again."""
    age = clock.now().timestamp() - now.changed_at
    return now.state in {State.ABSENT, State.FAILED} and age < REMEMBERED_SECONDS
