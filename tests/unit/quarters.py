"""Plans of quarters of an hour."""

from datetime import UTC, datetime, timedelta

from custom_components.flexmeasures.plan.schedule import Schedule

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def quarters(*values: float | None) -> Schedule:
    """Plan quarters of an hour from START on."""
    return Schedule(START, QUARTER, values)


def quarter(number: float) -> datetime:
    """Give the start of a quarter of an hour of `quarters`."""
    return START + number * QUARTER
