"""States and runs in Home Assistant's recorder, as it writes them, at any time of the past."""

from collections.abc import Iterable, Mapping
from datetime import datetime
import json
from typing import Any

from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy import delete, select, update

from homeassistant.components.recorder.db_schema import (
    RecorderRuns,
    StateAttributes,
    States,
    StatesMeta,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope

type Said = tuple[datetime, object] | tuple[datetime, object, Mapping[str, Any]]
"""When a state began, what it was (None: removed), and attributes that differ."""


class Recorded:
    """What the recorder has, written past it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Write into the database of a recorder that runs."""
        self._hass = hass

    async def runs(
        self, *runs: tuple[datetime, datetime] | tuple[datetime, datetime, bool]
    ) -> None:
        """Let there be runs before the one that goes on; True: it crashed.

        Then its end is when the next one started.
        """

        def write() -> None:
            with session_scope(hass=self._hass) as session:
                session.execute(
                    delete(RecorderRuns).where(RecorderRuns.end.is_not(None))
                )
                for start, end, *crashed in runs:
                    session.add(
                        RecorderRuns(
                            start=start, end=end, closed_incorrect=crashed == [True]
                        )
                    )

        await self._in_database(write)

    async def runs_since(self, moment: datetime) -> None:
        """Let the run that goes on have started at a moment."""

        def write() -> None:
            with session_scope(hass=self._hass) as session:
                [run] = session.scalars(
                    select(RecorderRuns).where(RecorderRuns.end.is_(None))
                )
                run.start = moment

        await self._in_database(write)

    async def end_run(self) -> None:
        """Let no run go on."""

        def write() -> None:
            with session_scope(hass=self._hass) as session:
                session.execute(update(RecorderRuns).values(end=RecorderRuns.start))

        await self._in_database(write)

    async def forget_states(self) -> None:
        """Forget all states, as after ten days."""

        def write() -> None:
            with session_scope(hass=self._hass) as session:
                session.execute(update(States).values(old_state_id=None))
                session.execute(delete(States))

        await self._in_database(write)

    async def states(
        self, entity_id: str, said: Iterable[Said], **attributes: Any
    ) -> None:
        """Let an entity have had states, with these attributes unless they say others."""

        def write() -> None:
            with session_scope(hass=self._hass) as session:
                meta = session.scalar(
                    select(StatesMeta).where(StatesMeta.entity_id == entity_id)
                )
                if meta is None:
                    meta = StatesMeta(entity_id=entity_id)
                    session.add(meta)
                shared: dict[str, StateAttributes] = {}
                for moment, state, *others in said:
                    text = json.dumps({**attributes, **(others[0] if others else {})})
                    if text not in shared:
                        shared[text] = StateAttributes(
                            shared_attrs=text, hash=hash(text)
                        )
                        session.add(shared[text])
                    session.add(
                        States(
                            state=None if state is None else str(state),
                            last_updated_ts=moment.timestamp(),
                            states_meta_rel=meta,
                            state_attributes=shared[text],
                        )
                    )

        await self._in_database(write)

    async def forget(self, entity_id: str) -> None:
        """Let the states of an entity be purged."""

        def write() -> None:
            with session_scope(hass=self._hass) as session:
                session.execute(
                    delete(States).where(
                        States.metadata_id.in_(
                            select(StatesMeta.metadata_id).where(
                                StatesMeta.entity_id == entity_id
                            )
                        )
                    )
                )

        await self._in_database(write)

    async def _in_database(self, write: Any) -> None:
        await async_wait_recording_done(self._hass)
        await get_instance(self._hass).async_add_executor_job(write)
