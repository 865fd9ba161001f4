"""Days of following: devices, server and Home Assistant fail, and what must hold does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
from random import Random
from unittest.mock import patch

import pytest

from ..home import Home, Json
from .conftest import Simulate
from .simulated_days import CAR_TARGET, SimulatedDays

DAY = timedelta(days=1)
# In the night that has 25 hours, and another one.
STARTS = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC)

# A day, with what is written again: a plan has 96 slots.
MOST_WRITES = {"Battery": 60, "Car": 40, "Heat": 40, "Boiler": 40}


@pytest.mark.parametrize("seed", range(3))
async def test_days(
    new_home: Home,
    simulate: Simulate,
    hass_storage: Json,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
    seed: int,
) -> None:
    """Whatever fails: no power without a plan, no limit broken, and the car is full."""
    home = new_home
    # It would look at the stack at each of very many turns, and say what each did.
    home.hass.loop.set_debug(False)
    caplog.set_level(logging.ERROR)
    await home.go_to(STARTS[seed % 2])
    days = SimulatedDays(home, hass_storage, Random(seed))  # noqa: S311
    with patch(
        "custom_components.simulated_home._STEP", timedelta(minutes=15), create=True
    ):
        devices = await simulate(*(life.settings for life in days.lives))
    await days.begin(devices)

    await days.live(2 * DAY)

    figures = days.figures
    record_property("figures", str(figures))
    # A car that could not be told for hours may lack some.
    assert len(figures.nights) == 2
    assert all(night >= CAR_TARGET - 0.5 for night in figures.nights), figures
    for name in ("Battery", "Car"):
        planned, done = figures.energies[name]
        assert done == pytest.approx(planned, rel=0.05, abs=0.5), (name, figures)
    for name, most in MOST_WRITES.items():
        assert max(figures.writes[name]) <= most, (name, figures)
