"""The devices of the other control types of S2, which are added like any that an owner has."""

import asyncio
from collections.abc import Callable
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
