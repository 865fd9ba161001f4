"""The devices of the other control types of S2, which are added like any that an owner has."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time
from typing import Any, Final

from ..errors import SandboxError
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.flow_steps import filled_in, shown
from ..s2.programs import S2Programs

_DEVICES: Final = {
    "charger": "S2 charger",
    "heater": "S2 heater",
    "heat-pump": "S2 heat pump",
    "washing-machine": "S2 washing machine",
}
"""By what `sandbox.s2` plays."""
_HEATER_KWH: Final = 3.0
_HEATER_WITHIN: Final = timedelta(hours=6)
_CONNECTED_SECONDS: Final = 30.0
_PAIRING: Final = ("pairing", "pairing_unencrypted")
_MOST_STEPS: Final = 100


async def add_s2_devices(
    client: HomeAssistantClient,
    entry_id: str,
    programs: S2Programs,
    report: Callable[[str], None],
) -> None:
    """Make them on the server, as an owner would, and let them connect; they are controlled by themselves."""
    for device, name in _DEVICES.items():
        report(f"Adding the device {name}")
        step = await _pairing(client, entry_id, name)
        pairing = step["description_placeholders"]
        programs.play(device, pairing["address"], pairing["token"])
        await client.submit_subentry_flow(step["flow_id"], {})
    for name in _DEVICES.values():
        await _until_connected(client, name)
        await client.call_service(
            "switch",
            "turn_on",
            {"entity_id": _entity_id("switch", name, "automatic_scheduling")},
        )
    heater = _DEVICES["heater"]
    for platform, key, value in (
        ("number", "energy_to_use", {"value": _HEATER_KWH}),
        (
            "datetime",
            "ready_by",
            {"datetime": (datetime.now(UTC) + _HEATER_WITHIN).isoformat()},
        ),
    ):
        entity_id = _entity_id(platform, heater, key)
        await client.call_service(
            platform, "set_value", {"entity_id": entity_id, **value}
        )


async def _until_connected(client: HomeAssistantClient, name: str) -> None:
    """Wait until a device is controlled, and so has the entities of its control type."""
    entity_id = _entity_id("select", name, "control_type")
    deadline = time.monotonic() + _CONNECTED_SECONDS
    while not (await client.state(entity_id))["attributes"].get("in_force"):
        if time.monotonic() > deadline:
            raise SandboxError(f"{name} has not connected")
        await asyncio.sleep(0.1)


def _entity_id(platform: str, name: str, key: str) -> str:
    return f"{platform}.{name.lower().replace(' ', '_')}_{key}"


async def _pairing(
    client: HomeAssistantClient, entry_id: str, name: str
) -> dict[str, Any]:
    """Go to where the flow shows the address and the token."""
    step = await client.start_subentry_flow(entry_id, "device")
    choices = {"home": "s2"}
    for _ in range(_MOST_STEPS):
        step_id, flow_id = step.get("step_id"), step["flow_id"]
        if step_id in _PAIRING:
            return step
        if step["type"] == "progress":
            await asyncio.sleep(0.1)
            step = await client.subentry_flow(flow_id)
        elif step["type"] == "menu" and step_id in choices:
            data = {"next_step_id": choices[step_id]}
            step = await client.submit_subentry_flow(flow_id, data)
        elif step["type"] == "form" and not step.get("errors"):
            data = filled_in(step["data_schema"], {"name": name})
            step = await client.submit_subentry_flow(flow_id, data)
        else:
            break
    raise SandboxError(f"{name} cannot be paired: {shown(step)}")
