"""Writes what entities have shown into a recorder's database before Home Assistant first starts: runs in the homeassistant environment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from homeassistant.components.recorder import DEFAULT_DB_FILE
from homeassistant.components.recorder.db_schema import (
    SCHEMA_VERSION,
    Base,
    RecorderRuns,
    SchemaChanges,
    StateAttributes,
    States,
    StatesMeta,
    StatisticsRuns,
)
from homeassistant.helpers.json import json_bytes


class Shown(TypedDict):
    """What an entity has shown."""

    attributes: dict[str, Any]
    states: Sequence[tuple[float, str]]
    """By the seconds since 1970."""


type History = Mapping[str, Shown]
"""By the ids of the entities."""


def write(folder: str, history: History) -> None:
    """Write it as a recorder would have that ran from the first state on until now."""
    first = min(shown["states"][0][0] for shown in history.values())
    start = datetime.fromtimestamp(first, UTC)
    engine = create_engine(f"sqlite:///{Path(folder) / DEFAULT_DB_FILE}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(SchemaChanges(schema_version=SCHEMA_VERSION))
        # Else it would take what it recorded for interrupted, and statistics for made.
        session.add(RecorderRuns(start=start, end=datetime.now(UTC), created=start))
        session.add(StatisticsRuns(start=start))
        for entity_id, shown in history.items():
            text = json_bytes(shown["attributes"])
            attributes = StateAttributes(
                shared_attrs=text.decode(),
                hash=StateAttributes.hash_shared_attrs_bytes(text),
            )
            entity = StatesMeta(entity_id=entity_id)
            session.add_all([attributes, entity])
            session.flush()
            session.bulk_insert_mappings(
                States.__mapper__,
                [
                    {
                        "metadata_id": entity.metadata_id,
                        "attributes_id": attributes.attributes_id,
                        "state": state,
                        "last_updated_ts": moment,
                        "origin_idx": 0,
                    }
                    for moment, state in shown["states"]
                ],
            )
        session.commit()
    engine.dispose()
