"""What only the recorder's tables tell: when it recorded, and when an entity had a state.

To be called in the recorder's executor. All moments are seconds since 1970.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import inf, nextafter
from typing import Final, cast

from sqlalchemy import ColumnElement, func, null, select
from sqlalchemy.orm.session import Session

from homeassistant.components.recorder.db_schema import (
    RecorderRuns,
    StateAttributes,
    States,
    StatesMeta,
)
from homeassistant.components.recorder.models import process_timestamp

from .resamplers import Period
from .sampling import NOTHING, StateRow

_ROWS_AT_ONCE: Final = 200


def observed_since(session: Session, moment: float) -> list[Period]:
    """Return when the recorder ran since a moment, in the order of time.

    The run that goes on has no end.
    """
    periods: list[Period] = []
    for start, end in _runs(session, moment):
        if end is not None and end <= start:
            continue
        if periods and periods[-1][1] > start:
            # The clock was set back meanwhile.
            periods[-1] = (periods[-1][0], start)
        periods.append((start, inf if end is None else end))
    return periods


def _runs(session: Session, moment: float) -> Iterator[tuple[float, float | None]]:
    runs = session.execute(
        select(
            RecorderRuns.start, RecorderRuns.end, RecorderRuns.closed_incorrect
        ).order_by(RecorderRuns.start)
    )
    for start, end, is_unfinished in runs:
        since, until = _seconds(start), None if end is None else _seconds(end)
        if until is not None and until < moment:
            continue
        if is_unfinished and until is not None:
            # Its end is when the next run started. Nobody knows when it ended, only that
            # it was there for the last state.
            last = session.scalar(
                select(func.max(States.last_updated_ts)).where(
                    States.last_updated_ts < until
                )
            )
            until = since if last is None else nextafter(last, inf)
        yield since, until


def _seconds(moment: datetime) -> float:
    return process_timestamp(moment).timestamp()


def kept_as(session: Session, entity_id: str) -> int:
    """Return what the states of an entity are kept under, whatever it will be named.

    0, as nothing is, if there are none.
    """
    return (
        session.scalar(
            select(StatesMeta.metadata_id).where(StatesMeta.entity_id == entity_id)
        )
        or 0
    )


def states_between(
    session: Session,
    metadata_id: int,
    start: float,
    end: float,
    *,
    attributes: bool,
) -> Iterator[StateRow]:
    """Yield the states that began in a period, in the order of time.

    Without their `attributes` unless these are asked for.
    """
    text = StateAttributes.shared_attrs if attributes else null()
    rows = (
        select(States.last_updated_ts, States.state, text)
        .where(
            States.metadata_id == metadata_id,
            States.last_updated_ts >= start,
            States.last_updated_ts < end,
        )
        .order_by(States.last_updated_ts, States.state_id)
    )
    if attributes:
        rows = rows.outerjoin(
            StateAttributes, States.attributes_id == StateAttributes.attributes_id
        )
    # Lists of rows provoke garbage collections, which hold up the event loop too. As few
    # as these at a time do not.
    found = session.execute(rows.execution_options(yield_per=_ROWS_AT_ONCE)).tuples()
    yield from cast("Iterable[StateRow]", found)


def last_states_before(
    session: Session, metadata_id: int, moment: float, *, counted: bool
) -> list[float]:
    """Return when the states began that tell what was shown before a moment.

    That is the last one; and, if it is `counted` on from there, the last one before it
    of which anything is known.
    """
    is_earlier = States.last_updated_ts < moment
    found = {_newest(session, metadata_id, is_earlier)}
    if counted:
        is_known = States.state.not_in(NOTHING)
        found.add(_newest(session, metadata_id, is_earlier, is_known))
    return sorted(when for when in found if when is not None)


def first_state(session: Session, metadata_id: int) -> float | None:
    """Return when the first state of an entity began; None if it has none."""
    return session.scalar(
        select(func.min(States.last_updated_ts)).where(
            States.metadata_id == metadata_id
        )
    )


def _newest(
    session: Session, metadata_id: int, *conditions: ColumnElement[bool]
) -> float | None:
    # Not by max(): with conditions on the state, that would look at all states.
    return session.scalar(
        select(States.last_updated_ts)
        .where(States.metadata_id == metadata_id, *conditions)
        .order_by(States.last_updated_ts.desc())
        .limit(1)
    )
