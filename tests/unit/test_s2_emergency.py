"""In a grid emergency, devices may do what they offer for abnormal conditions only."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import STATE_OFF, STATE_ON

from .home import MINUTE, NOW, Home, Json
from .s2.devices import actuator, element, mode, power, storage, transition
from .s2_rm import FRBC, FakeRM, paired

pytestmark = pytest.mark.usefixtures("no_secret_logged")

BOOST: Json = {
    **storage(
        (0, 100),
        actuator(
            mode("charge", element((0, 100), (0, 0.01), power(0, 1000))),
            mode("boost", element((0, 100), (0, 0.05), power(0, 5000)), abnormal=True),
            transitions=(
                transition("charge", "boost", abnormal=True),
                transition("boost", "charge"),
            ),
        ),
    ),
    "valid_from": NOW,
}


async def control(home: Home, rm: FakeRM) -> Json:
    """Let a battery follow a plan that only its boost could; give what it is told."""
    home.has_planned(5.0, 5.0, 5.0, 5.0)
    await home.set_up(paired())
    return await follow(rm)


async def follow(rm: FakeRM) -> Json:
    """Have it connect and follow the plan."""
    await rm.start(FRBC, instruction_processing_delay=0)
    await rm.select(FRBC)
    await rm.tell("FRBC.SystemDescription", **BOOST)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await rm.tell(
        "FRBC.ActuatorStatus",
        actuator_id="actuator",
        active_operation_mode_id="charge",
        operation_mode_factor=0,
    )
    await rm.pass_to(NOW + MINUTE)
    return await rm.expect("FRBC.Instruction")


async def switch(home: Home, service: str) -> None:
    """Turn the switch."""
    entity_id = home.entity("switch", "grid_emergency")
    await home.hass.services.async_call(
        "switch", service, {"entity_id": entity_id}, blocking=True
    )


async def act(home: Home, **data: Any) -> None:
    """Use the action."""
    await home.hass.services.async_call(
        DOMAIN,
        "set_grid_emergency",
        {"device_id": home.device_id(), **data},
        blocking=True,
    )


async def test_switch(home: Home, rm: FakeRM) -> None:
    """What is planned can be done only while it is on."""
    told = await control(home, rm)
    assert (told["operation_mode"], told["abnormal_condition"]) == ("charge", False)
    assert home.value("switch", "grid_emergency") == STATE_OFF
    limits = rm.resource.power_limits
    assert limits
    assert limits.most == 1.0

    await switch(home, "turn_on")

    assert home.value("switch", "grid_emergency") == STATE_ON
    limits = rm.resource.power_limits
    assert limits
    assert limits.most == 5.0
    await rm.pass_to(NOW + MINUTE + timedelta(seconds=6))
    told = await rm.expect("FRBC.Instruction")
    assert (told["operation_mode"], told["abnormal_condition"]) == ("boost", True)
    assert told["operation_mode_factor"] == 1

    await rm.tell(
        "FRBC.ActuatorStatus",
        actuator_id="actuator",
        active_operation_mode_id="boost",
        operation_mode_factor=1,
    )
    await switch(home, "turn_off")
    await rm.pass_to(NOW + 2 * MINUTE)
    told = await rm.expect("FRBC.Instruction")
    assert (told["operation_mode"], told["abnormal_condition"]) == ("charge", False)


async def test_action(home: Home, rm: FakeRM) -> None:
    await control(home, rm)

    await act(home, active=True)
    assert home.value("switch", "grid_emergency") == STATE_ON
    await act(home, active=True)
    await act(home, active=False)

    assert home.value("switch", "grid_emergency") == STATE_OFF


async def test_it_lasts(home: Home, rm: FakeRM) -> None:
    """Until it is over, also for a device that connects meanwhile, and after a restart."""
    home.has_planned(5.0, 5.0, 5.0, 5.0)
    await home.set_up(paired())
    await act(home, active=True)
    await home.reload()
    assert home.value("switch", "grid_emergency") == STATE_ON

    told = await follow(rm)

    assert (told["operation_mode"], told["abnormal_condition"]) == ("boost", True)
