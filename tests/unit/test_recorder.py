"""What Home Assistant's recorder keeps of the schedule sensor."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from homeassistant.components.recorder import history
from homeassistant.core import State
from homeassistant.helpers.recorder import get_instance

from .home import QUARTER, SLOT, Home


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Any, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


async def test_the_plan_is_not_recorded(home: Home) -> None:
    """A state is recorded for each slot; thousands of slots beside it are not."""
    home.has_planned(1.0, 2.0)
    await home.set_up()
    await home.go_to(SLOT + QUARTER)
    await async_wait_recording_done(home.hass)

    recorded = await get_instance(home.hass).async_add_executor_job(
        lambda: history.get_significant_states(
            home.hass, SLOT, None, [home.entity_id()], significant_changes_only=False
        )
    )

    states = [state for state in recorded[home.entity_id()] if isinstance(state, State)]
    assert [state.state for state in states] == ["1.0", "2.0"]
    assert [set(state.attributes) for state in states] == [
        {"device_class", "friendly_name", "unit_of_measurement"}
    ] * 2
