"""The demo: FlexMeasures, Home Assistant, and a home that is scheduled: python -m sandbox.demo [--once]."""

import argparse
import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
import contextlib
from datetime import UTC, datetime, timedelta
import signal
import sys
import time
from typing import Any

import aiohttp

from .dashboard import DASHBOARD_URL, dashboard
from .errors import SandboxError
from .flexmeasures_server import FlexMeasuresServer
from .home_assistant import HomeAssistant
from .home_assistant_client import HomeAssistantClient
from .plan_check import check_plan, plan_table

DOMAIN = "flexmeasures"
# The devices of the sandbox's home, by their power sensors; the first one comes with the account.
DEVICES = {
    "Home battery": "battery_power",
    "EV charger": "ev_power",
    "Heat pump": "hp_power",
}
PLAN_AHEAD = "PT12H"
LOADED_SECONDS = 30


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
    devices: Iterable[str] = DEVICES,
) -> None:
    """Add the account and its devices through the flows that a user goes through."""
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
        submit = client.submit_flow
        if entry_id:
            step = await client.start_subentry_flow(entry_id, "device")
            submit = client.submit_subentry_flow
        step = await _submit(
            submit,
            step,
            "device",
            {"power_sensor": str(server.home.sensor(DEVICES[name]))},
        )
        settings = {**_suggested(step), "schedule_duration": PLAN_AHEAD}
        step = await _submit(submit, step, "settings", settings)
        if step["type"] != "create_entry":
            raise SandboxError(f"The flow did not accept the device: {step}")
        entry_id = entry_id or step["result"]["entry_id"]
        await until_loaded(client, entry_id)


async def until_loaded(client: HomeAssistantClient, entry_id: str) -> None:
    """Wait until the account is there again: it starts over with each device that is added."""
    deadline = time.monotonic() + LOADED_SECONDS
    while True:
        answer = await client.command("config_entries/get_single", entry_id=entry_id)
        if (state := answer["config_entry"]["state"]) == "loaded":
            return
        if time.monotonic() > deadline:
            raise SandboxError(f"The account does not get loaded: it is in {state}")
        await asyncio.sleep(0.1)


async def _submit(submit: Any, step: dict[str, Any], step_id: str, data: Any) -> Any:
    """Submit a step of a flow, which has to be the expected one and without errors."""
    if step.get("step_id") != step_id or step.get("errors"):
        raise SandboxError(f"The flow does not get to its step {step_id}: {step}")
    return await submit(step["flow_id"], data)


def _suggested(step: dict[str, Any]) -> dict[str, Any]:
    """What a form shows before the user changes anything."""
    return {
        field["name"]: field["description"]["suggested_value"]
        for field in step["data_schema"]
        if "suggested_value" in field.get("description", {})
    }


async def schedule(client: HomeAssistantClient, report: Progress) -> list[str]:
    """Have every device scheduled; returns their schedule sensors, in the order of the devices."""
    devices = {
        device["name"]: device["id"]
        for device in await client.command("config/device_registry/list")
        if device["name"] in DEVICES
    }
    entities = {
        entity["device_id"]: entity["entity_id"]
        for entity in await client.command("config/entity_registry/list")
        if entity["platform"] == DOMAIN and entity["entity_id"].startswith("sensor.")
    }
    for name in DEVICES:
        report(f"Having FlexMeasures schedule the device {name}")
        await client.call_service(
            DOMAIN,
            "trigger_schedule",
            {"device_id": devices[name], **_wish(name)},
            return_response=True,
        )
    return [entities[devices[name]] for name in DEVICES]


def _wish(name: str) -> dict[str, Any]:
    """Say what a schedule has to reach: a car that is half full in eight hours."""
    if name != "EV charger":
        return {}
    ready = datetime.now(UTC).replace(minute=0, second=0) + timedelta(hours=8)
    return {"soc_targets": [{"value": 30, "datetime": ready.isoformat("T", "seconds")}]}


async def show(client: HomeAssistantClient, entity_ids: list[str]) -> None:
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
        "lovelace/config/save", url_path=DASHBOARD_URL, config=dashboard(entity_ids)
    )


async def run_demo(
    server: FlexMeasuresServer, home_assistant: HomeAssistant, report: Progress
) -> None:
    """Set the home up and schedule it; prints the battery's plan and checks it."""
    async with HomeAssistantClient(home_assistant.url, home_assistant.token) as client:
        await configure(client, server, report)
        battery, *others = await schedule(client, report)
        await show(client, [battery, *others])
        state = await client.state(battery)
    async with aiohttp.ClientSession() as session:
        lines = await plan_table(session, server, state)
        report(f"The schedule that {battery} holds:")
        print("\n".join(lines))
        checked = await check_plan(session, server, state)
    report(f"All {checked} slots are what the FlexMeasures server stores")


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
        with contextlib.ExitStack() as running:
            server = FlexMeasuresServer(report=report)
            home_assistant = HomeAssistant(report=report)
            running.callback(server.stop)
            running.callback(home_assistant.__exit__)
            with ThreadPoolExecutor() as both:
                starts = [both.submit(part.start) for part in (server, home_assistant)]
            for start in starts:
                start.result()
            asyncio.run(run_demo(server, home_assistant, report))
            if not arguments.once:
                user = server.home.user("demo")
                print(
                    f"\n  Home Assistant: {home_assistant.url}/{DASHBOARD_URL}\n"
                    f"    user {home_assistant.username}, password {home_assistant.password}\n"
                    f"  FlexMeasures:   {server.url}\n"
                    f"    user {user.email}, password {user.password}\n"
                    "\nBoth run until you press Ctrl-C.",
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
