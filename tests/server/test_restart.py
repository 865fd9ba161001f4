"""A real Home Assistant that is restarted while the server is away."""

import pytest

from homeassistant.core import HomeAssistant
from sandbox.demo.home import Progress, configure
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant as RealHomeAssistant

from .conftest import from_then_on

ENTITY_ID = "sensor.home_battery_schedule"


@pytest.fixture
def home_assistant(hass: HomeAssistant, socket_enabled: None) -> RealHomeAssistant:
    """Prepare a real Home Assistant; the one of the plugin is not used."""
    return RealHomeAssistant()


async def test_plan_is_followed_after_a_restart_without_the_server(
    server: FlexMeasuresServer, home_assistant: RealHomeAssistant
) -> None:
    """The plan from before the restart is followed, and nothing is logged as an error of ours."""
    with home_assistant:
        async with HomeAssistantClient(
            home_assistant.url, home_assistant.token
        ) as client:
            await configure(client, server, Progress(), devices=["Home battery"])
            devices = await client.command("config/device_registry/list")
            (device_id,) = [
                device["id"] for device in devices if device["name"] == "Home battery"
            ]
            # The whole plan is for those who want it.
            await client.command(
                "config/entity_registry/update", entity_id=ENTITY_ID, disabled_by=None
            )
            response = await client.call_service(
                "flexmeasures",
                "trigger_schedule",
                {"device_id": device_id, "soc_at_start": 5, "duration": "PT3H"},
                return_response=True,
            )
        home_assistant.stop()
        server.stop_web()
        try:
            home_assistant.start()
            async with HomeAssistantClient(
                home_assistant.url, home_assistant.token
            ) as client:
                state = await client.state(ENTITY_ID)
        finally:
            server.start_web()
        log = home_assistant.log_text()

    followed = from_then_on(state["attributes"]["schedule"], response)
    assert followed[: len(response["schedule"])] == response["schedule"]
    assert float(state["state"]) in [slot["value"] for slot in response["schedule"]]
    outages = [line for line in log.splitlines() if "schedule of Home battery" in line]
    assert len(outages) == 1
    assert "The FlexMeasures server does not answer" in outages[0]
    assert " ERROR " not in log
    assert server.home.user("demo").password not in log
