"""What is known of the time that a real Home Assistant was off, by what it writes itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_test_home_assistant
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.flexmeasures.feeds.measured.history import slot_history
from custom_components.flexmeasures.feeds.settings import MeasuredSource, Method
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant

METER = "sensor.meter"
START = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
ENERGY = {"unit_of_measurement": "kWh", "state_class": "total_increasing"}

type Running = Callable[..., AbstractAsyncContextManager[HomeAssistant]]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """No Home Assistant but those that the test starts."""


@pytest.fixture
def running(async_test_recorder: Any, freezer: FrozenDateTimeFactory) -> Running:
    """Start Home Assistant some minutes after eight, with the database of before."""

    @asynccontextmanager
    async def run(
        minutes: float, *, crashes: bool = False
    ) -> AsyncIterator[HomeAssistant]:
        freezer.move_to(START + minutes * MINUTE)
        async with async_test_home_assistant() as hass, async_test_recorder(hass):
            await async_wait_recording_done(hass)
            yield hass
            with patch.object(Recorder, "_end_session") if crashes else nullcontext():
                await hass.async_stop(force=True)

    return run


@pytest.mark.parametrize("persistent_database", [True])
@pytest.mark.parametrize("has_crashed", [False, True])
async def test_off_for_a_while(
    running: Running, freezer: FrozenDateTimeFactory, *, has_crashed: bool
) -> None:
    """Nothing is known from its end, or its last state if it crashed, to the first state."""

    async def show(hass: HomeAssistant, minutes: float, state: int) -> None:
        freezer.move_to(START + minutes * MINUTE)
        hass.states.async_set(METER, str(state), ENERGY)
        await async_wait_recording_done(hass)

    async def values(hass: HomeAssistant, method: Method) -> tuple[float | None, ...]:
        source = MeasuredSource(METER, None, method, "kWh", 0.8)
        history = slot_history(hass, source, name="My feed")
        boundaries = [START + index * QUARTER for index in range(7)]
        return (await history.async_slot_values(boundaries)).values

    async with running(-10, crashes=has_crashed) as hass:
        await show(hass, -5, 100)
        await show(hass, 20, 101)
        freezer.move_to(START + 44 * MINUTE)
    async with running(50) as hass:
        await show(hass, 62, 110)
        freezer.move_to(START + 90 * MINUTE)
        at_stop = None if has_crashed else 101
        found = await values(hass, Method.MEAN)
        mean = None if has_crashed else 100 + 2 / 3
        assert found == pytest.approx((100, mean, at_stop, None, 110, 110))
        found = await values(hass, Method.LEVEL)
        assert found == (100, 100, at_stop, None, None, 110)
        found = await values(hass, Method.DIFFERENCE)
        assert found == (0, at_stop and 1, None, None, None, 0)
