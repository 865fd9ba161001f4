"""The demo: FlexMeasures, Home Assistant, and a home that is scheduled: python -m sandbox.demo [--once]."""

import argparse
import asyncio
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
import contextlib
from datetime import UTC, datetime, timedelta
import signal
import sys
import time
from typing import Any

import aiohttp

from .dashboard import DASHBOARD_URL, Entities, dashboard
from .demo_devices import (
    BATTERY,
    CAR,
    DEVICES,
    S2_BATTERY,
    DemoDevice,
    FollowingDevice,
    S2Device,
    simulation,
)
from .errors import SandboxError
from .flexmeasures_server import FlexMeasuresServer
from .home_assistant import HomeAssistant
from .home_assistant_client import HomeAssistantClient
from .plan_check import check_follower, check_plan, plan_table
from .s2_battery import S2Battery

DOMAIN = "flexmeasures"
PLAN_AHEAD = "PT12H"
THERE_SECONDS = 30
CONNECTED_SECONDS = 30
SCHEDULED_SECONDS = 120
# Of those that a device is given.
LAST_ENTITY = "setpoint"
# What the car has to have stored, and when.
CAR_TARGET = 45
CAR_READY_IN = timedelta(hours=8)


class Progress:
    """Says on one line each what is going on, and when."""

    def __init__(self) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def __call__(self, line: str) -> None:
        """Print a line."""
        print(f"[{time.monotonic() - self._start:5.1f} s] {line}", flush=True)


async def configure(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    report: Progress,
    devices: Iterable[str] = tuple(DEVICES),
    *,
    battery: S2Battery | None = None,
) -> None:
    """Add the account and its devices through the flows that a user goes through.

    With the S2 battery's simulation, it and all other simulated devices are followed.
    """
    user = server.home.user("demo")
    report(f"Adding the account {user.email}")
    step = await client.start_flow(DOMAIN)
    step = await client.submit_flow(
        step["flow_id"],
        {"host": server.url, "username": user.email, "password": user.password},
    )
    entry_id = ""
    for name in devices:
        report(f"Adding the device {name}")
        device = DEVICES[name]
        submit = client.submit_flow
        if entry_id:
            step = await client.start_subentry_flow(entry_id, "device")
            submit = client.submit_subentry_flow
        step = await _submit(
            submit,
            step,
            "device",
            {"power_sensor": str(server.home.sensor(device.power_sensor))},
        )
        changes: dict[str, Any] = {"schedule_duration": PLAN_AHEAD}
        if battery and isinstance(device, FollowingDevice):
            changes["soc_entity"] = device.soc_entity
        changes["s2_enabled"] = isinstance(device, S2Device)
        step = await _submit(submit, step, "settings", _filled_in(step, changes))
        pairing: dict[str, str] = {}
        if isinstance(device, S2Device):
            pairing = step["description_placeholders"]
            step = await _submit(submit, step, "pairing_unencrypted", {})
        if step["type"] != "create_entry":
            raise SandboxError(f"The flow did not accept the device: {_shown(step)}")
        entry_id = entry_id or step["result"]["entry_id"]
        await until_there(client, device)
        if battery and pairing:
            battery.connect(pairing["address"], pairing["token"])


async def until_there(client: HomeAssistantClient, device: DemoDevice) -> None:
    """Wait until a device is there with its entities: it is read before."""
    deadline = time.monotonic() + THERE_SECONDS
    while LAST_ENTITY not in await entities_of(client, device):
        if time.monotonic() > deadline:
            raise SandboxError(f"The device {device.name} does not appear")
        await asyncio.sleep(0.1)


async def _submit(submit: Any, step: dict[str, Any], step_id: str, data: Any) -> Any:
    """Submit a step of a flow, which has to be the expected one and without errors."""
    if step.get("step_id") != step_id or step.get("errors"):
        raise SandboxError(
            f"The flow does not get to its step {step_id}: {_shown(step)}"
        )
    return await submit(step["flow_id"], data)


def _shown(step: dict[str, Any]) -> dict[str, Any]:
    """What can be said of a step: its texts may have a token in them."""
    keys = ("type", "step_id", "errors", "reason")
    return {key: step[key] for key in keys if key in step}


def _filled_in(step: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What a form in sections shows, but for some changes, given without sections."""
    values: dict[str, dict[str, Any]] = {}
    for section in step["data_schema"]:
        fields = {field["name"]: field for field in section["schema"]}
        values[section["name"]] = {
            name: field["description"]["suggested_value"]
            for name, field in fields.items()
            if "suggested_value" in field.get("description", {})
        } | {name: changes[name] for name in fields if name in changes}
    return values


async def device_id(client: HomeAssistantClient, device: DemoDevice) -> str:
    """Return the id of a device in Home Assistant."""
    (entry,) = [
        entry
        for entry in await client.command("config/device_registry/list")
        if entry["name"] == device.name
    ]
    found: str = entry["id"]
    return found


async def entities_of(
    client: HomeAssistantClient, device: DemoDevice
) -> dict[str, str]:
    """Return the ids of a device's entities, by what they are."""
    wanted = [
        entry["id"]
        for entry in await client.command("config/device_registry/list")
        if entry["name"] == device.name
    ]
    return {
        entity["unique_id"].removeprefix(f"{entity['config_subentry_id']}_"): entity[
            "entity_id"
        ]
        for entity in await client.command("config/entity_registry/list")
        if entity["device_id"] in wanted
    }


async def control(
    client: HomeAssistantClient,
    entities: Entities,
    battery: S2Battery,
    report: Progress,
) -> None:
    """Wait until the S2 battery is connected, and say how it is to be controlled."""
    report(f"Waiting for the device {S2_BATTERY.name} to connect")
    deadline = time.monotonic() + CONNECTED_SECONDS
    while (await client.state(entities["rm_connected"]))["state"] != "on":
        if time.monotonic() > deadline:
            raise battery.error("has not connected")
        await asyncio.sleep(0.1)
    await client.call_service(
        DOMAIN,
        "change_control_type",
        {
            "device_id": await device_id(client, S2_BATTERY),
            "control_type": "FILL_RATE_BASED_CONTROL",
        },
    )


async def schedule(
    client: HomeAssistantClient,
    devices: Mapping[DemoDevice, Entities],
    report: Progress,
) -> None:
    """Say when the car has to be ready, and let all devices be scheduled by themselves."""
    car = devices[CAR]
    await client.call_service(
        "number", "set_value", {"entity_id": car["target_soc"], "value": CAR_TARGET}
    )
    ready = (datetime.now(UTC) + CAR_READY_IN).replace(minute=0, second=0)
    await client.call_service(
        "datetime",
        "set_value",
        {"entity_id": car["ready_by"], "datetime": ready.isoformat("T", "seconds")},
    )
    switches = [entities["automatic_scheduling"] for entities in devices.values()]
    await client.call_service("switch", "turn_on", {"entity_id": switches})
    for device, entities in devices.items():
        report(f"Waiting for the schedule of the device {device.name}")
        await until_scheduled(client, entities)


async def until_scheduled(client: HomeAssistantClient, entities: Entities) -> None:
    """Wait until a device has its first schedule."""
    deadline = time.monotonic() + SCHEDULED_SECONDS
    while True:
        status = await client.state(entities["scheduling_status"])
        if status["state"] == "ok":
            return
        is_under_way = status["state"] in ("not_scheduled", "computing")
        if not is_under_way or time.monotonic() > deadline:
            reason = status["attributes"]["reason"]
            raise SandboxError(f"{status['entity_id']} is {status['state']}: {reason}")
        await asyncio.sleep(0.1)


async def show(
    client: HomeAssistantClient, devices: Mapping[DemoDevice, Entities]
) -> None:
    """Make a dashboard of built-in cards."""
    await client.command(
        "lovelace/dashboards/create",
        url_path=DASHBOARD_URL,
        title="FlexMeasures",
        icon="mdi:chart-timeline-variant",
        show_in_sidebar=True,
        mode="storage",
    )
    await client.command(
        "lovelace/config/save", url_path=DASHBOARD_URL, config=dashboard(devices)
    )


async def set_up(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    battery: S2Battery,
    report: Progress,
) -> dict[DemoDevice, Entities]:
    """Add the devices, have them scheduled, and make the dashboard."""
    await configure(client, server, report, battery=battery)
    devices: dict[DemoDevice, Entities] = {
        device: await entities_of(client, device) for device in DEVICES.values()
    }
    await control(client, devices[S2_BATTERY], battery, report)
    await schedule(client, devices, report)
    await show(client, devices)
    return devices


async def run_demo(
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
    battery: S2Battery,
    report: Progress,
) -> None:
    """Set the home up and schedule it; prints the battery's plan, and checks it and that the S2 battery follows its own."""
    async with HomeAssistantClient(home_assistant.url, home_assistant.token) as client:
        devices = await set_up(client, server, battery, report)
        entity_id = devices[BATTERY]["schedule"]
        state = await client.state(entity_id)
        async with aiohttp.ClientSession() as session:
            lines = await plan_table(session, server, state)
            report(f"The schedule that {entity_id} holds:")
            print("\n".join(lines))
            checked = await check_plan(session, server, state)
        report(f"All {checked} slots are what the FlexMeasures server stores")
        followed = await check_follower(client, devices[S2_BATTERY])
    report(f"The device {S2_BATTERY.name} {followed}")


@contextlib.contextmanager
def sandbox(
    report: Progress,
) -> Iterator[tuple[FlexMeasuresServer, HomeAssistant, S2Battery]]:
    """Run FlexMeasures, Home Assistant and the simulated devices."""
    with contextlib.ExitStack() as running:
        server = FlexMeasuresServer(report=report)
        home_assistant = HomeAssistant(configuration=simulation(), report=report)
        running.callback(server.stop)
        running.callback(home_assistant.__exit__)
        with ThreadPoolExecutor() as both:
            starts = [both.submit(part.start) for part in (server, home_assistant)]
        for start in starts:
            start.result()
        yield server, home_assistant, running.enter_context(S2Battery())


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="print and check the schedule, and end, instead of running until Ctrl-C",
    )
    arguments = parser.parse_args()
    report = Progress()
    # A polite end by the system is as good as Ctrl-C, which a shell may have switched off.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with sandbox(report) as (server, home_assistant, battery):
            asyncio.run(run_demo(server, home_assistant, battery, report))
            if not arguments.once:
                user = server.home.user("demo")
                print(
                    f"\n  Home Assistant: {home_assistant.url}/{DASHBOARD_URL}\n"
                    f"    user {home_assistant.username}, password {home_assistant.password}\n"
                    f"  FlexMeasures:   {server.url}\n"
                    f"    user {user.email}, password {user.password}\n"
                    "\nThey run until you press Ctrl-C.",
                    flush=True,
                )
                signal.pause()
    except KeyboardInterrupt:
        return 0 if not arguments.once else 130
    except SandboxError as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
