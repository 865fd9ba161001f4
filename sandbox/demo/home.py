"""FlexMeasures, Home Assistant, and a home that is scheduled."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import time
from typing import Any

from ..errors import SandboxError
from ..flexmeasures.server import FlexMeasuresServer
from ..flexmeasures.stored_values import server_session
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.flow_steps import filled_in, require_entry, shown, submit_step
from ..home_assistant.instance import HomeAssistant
from ..home_assistant.registry import DOMAIN, device_id, entities_of, subentry_id
from ..s2.battery import S2Battery
from ..s2.programs import S2Programs
from .bill_check import check_bill, check_costs
from .dashboard import make_dashboard
from .devices import (
    BATTERY,
    CAR,
    DEVICES,
    S2_BATTERY,
    DemoDevice,
    FollowingDevice,
    S2Device,
)
from .feeds import add_measured, add_tariff, check_tariff
from .meters import (
    ELECTRICITY,
    METERS,
    DemoMeter,
    add_meter,
    choose_solar_forecast,
    fill_energy_dashboard,
    statistic_ids,
    until_imported,
)
from .plan_check import (
    check_done,
    check_follower,
    check_past,
    check_plan,
    plan_of,
    plan_table,
)
from .s2_devices import add_s2_devices
from .simulation import configuration, history

PLAN_AHEAD = "PT12H"
THERE_SECONDS = 30
CONNECTED_SECONDS = 30
SCHEDULED_SECONDS = 120
BUSY_SECONDS = 30
_NOTHING = ("0", "0.0", "unknown", "unavailable")
# What was planned before the demo was planned by somebody else.
_UNDER_WAY = ("not_scheduled", "waiting", "computing", "planned_elsewhere")
# Of those that a device is given.
LAST_ENTITY = "setpoint"
# The car leaves soon, and has to be charged until then: at any time of the day there is something to be seen.
CAR_READY_IN = timedelta(hours=2)
CAR_POWER = 11
CAR_SHARE_OF_TIME = 0.97

type Entities = Mapping[str, str]
"""The entities of a device, by what they are."""


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
) -> str:
    """Add the account and its devices through the flows that a user goes through; return the account's id.

    With the S2 battery's simulation, it and all other simulated devices are followed.
    """
    user = server.home.user("demo")
    report(f"Adding the account {user.email}")
    step = await client.start_flow(DOMAIN)
    step = await client.submit_flow(
        step["flow_id"],
        {"host": server.url, "username": user.email, "password": user.password},
    )
    require_entry(step, "the account")
    entry_id: str = step["result"]["entry_id"]
    _, first_flow = step["next_flow"]
    step = await client.subentry_flow(first_flow)
    submit = client.submit_subentry_flow
    for name in devices:
        report(f"Adding the device {name}")
        device = DEVICES[name]
        if step["type"] != "menu":
            step = await client.start_subentry_flow(entry_id, "device")
        step = await submit_step(submit, step, "home", {"next_step_id": "device"})
        step = await submit_step(
            submit,
            step,
            "device",
            {"power_sensor": str(server.home.sensor(device.power_sensor))},
        )
        facts: dict[str, Any] = {"automatic_scheduling": False}
        if battery and isinstance(device, FollowingDevice):
            facts["soc_entity"] = device.level_entity
        step = await submit_step(
            submit, step, "facts", filled_in(step["data_schema"], facts)
        )
        require_entry(step, f"the device {name}")
        await change_settings(
            client, entry_id, device, "rescheduling", schedule_duration=PLAN_AHEAD
        )
        pairing: dict[str, str] = {}
        if isinstance(device, S2Device):
            shown = await change_settings(
                client, entry_id, device, "s2_pairing", s2_enabled=True
            )
            pairing = shown["description_placeholders"]
            await submit_step(submit, shown, "pairing_unencrypted", {})
        await until_there(client, device)
        if battery and isinstance(device, FollowingDevice):
            await choose_follower(client, entry_id, device)
        if battery and pairing:
            battery.connect(pairing["address"], pairing["token"])
    return entry_id


async def change_settings(
    client: HomeAssistantClient,
    entry_id: str,
    device: DemoDevice,
    screen: str,
    **changes: Any,
) -> dict[str, Any]:
    """Change settings of a device on the screen that they are on; return what comes next."""
    submit = client.submit_subentry_flow
    step = await client.start_subentry_flow(
        entry_id, "device", subentry_id=await subentry_id(client, entry_id, device)
    )
    step = await submit_step(submit, step, "settings", {"next_step_id": screen})
    return await submit_step(
        submit, step, screen, filled_in(step["data_schema"], changes)
    )


async def choose_follower(
    client: HomeAssistantClient, entry_id: str, device: FollowingDevice
) -> None:
    """Say what is told what a device has to do, which is only looked at for now."""
    submit = client.submit_subentry_flow
    step = await client.start_subentry_flow(
        entry_id, "device", subentry_id=await subentry_id(client, entry_id, device)
    )
    step = await submit_step(submit, step, "settings", {"next_step_id": "follower"})
    form = f"follower_{device.kind}"
    step = await submit_step(submit, step, "follower", {"next_step_id": form})
    step = await submit_step(
        submit,
        step,
        form,
        {
            **filled_in(step["data_schema"], device.follower),
            **device.follower,
        },
    )
    if step.get("reason") != "reconfigure_successful":
        raise SandboxError(f"Nothing follows {device.name}: {shown(step)}")


async def hand_over(
    client: HomeAssistantClient, devices: Mapping[DemoDevice, Entities]
) -> None:
    """Let what is planned be done."""
    switches = [
        entities["hand_over"]
        for device, entities in devices.items()
        if isinstance(device, FollowingDevice)
    ]
    await client.call_service("switch", "turn_on", {"entity_id": switches})


async def until_there(client: HomeAssistantClient, device: DemoDevice) -> None:
    """Wait until a device is there with its entities: it is read before."""
    deadline = time.monotonic() + THERE_SECONDS
    while LAST_ENTITY not in await entities_of(client, device):
        if time.monotonic() > deadline:
            raise SandboxError(f"The device {device.name} does not appear")
        await asyncio.sleep(0.1)


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
    car, now = devices[CAR], datetime.now(UTC)
    ready = (now + CAR_READY_IN).replace(minute=0, second=0, microsecond=0)
    stored = float((await client.state(CAR.level_entity))["state"])
    charged = CAR_POWER * CAR.habit.stored * (ready - now) / timedelta(hours=1)
    target = round(stored + CAR_SHARE_OF_TIME * charged, 1)
    await client.call_service(
        "number", "set_value", {"entity_id": car["target_soc"], "value": target}
    )
    await client.call_service(
        "datetime",
        "set_value",
        {"entity_id": car["ready_by"], "datetime": ready.isoformat()},
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
        is_under_way = status["state"] in _UNDER_WAY
        if not is_under_way or time.monotonic() > deadline:
            reason = status["attributes"]["reason"]
            raise SandboxError(f"{status['entity_id']} is {status['state']}: {reason}")
        await asyncio.sleep(0.1)


async def until_busy(client: HomeAssistantClient) -> None:
    """Wait until a simulated device does what is planned; not for long, as none may have to before the next slot."""
    deadline = time.monotonic() + BUSY_SECONDS
    powers = [device.power_entity for device in DEVICES.values()]
    while time.monotonic() < deadline:
        states = [(await client.state(entity))["state"] for entity in powers]
        if any(state not in _NOTHING for state in states):
            return
        await asyncio.sleep(0.5)


async def add_meters(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    entry_id: str,
    report: Progress,
) -> None:
    """Add the meters, which import what they have counted meanwhile, and what the sun will bring."""
    report("Choosing the solar forecast")
    await choose_solar_forecast(client, server, entry_id)
    for meter in METERS:
        report(f"Adding the meter {meter.name}")
        await add_meter(client, server, entry_id, meter)


async def show(
    client: HomeAssistantClient,
    entry_id: str,
    report: Progress,
) -> dict[DemoMeter, Entities]:
    """Fill the Energy dashboard, and add the one of the integration; return the meters' entities."""
    for meter in METERS:
        report(f"Waiting for the history of the meter {meter.name}")
        await until_imported(client, meter)
    report("Filling the Energy dashboard")
    await fill_energy_dashboard(client, entry_id)
    meters: dict[DemoMeter, Entities] = {
        meter: await entities_of(client, meter) for meter in METERS
    }
    await make_dashboard(client, await device_id(client, BATTERY))
    return meters


@dataclass(frozen=True)
class DemoHome:
    """What is set up."""

    entry_id: str
    devices: Mapping[DemoDevice, Entities]
    meters: Mapping[DemoMeter, Entities]


async def set_up(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    battery: S2Battery,
    report: Progress,
) -> DemoHome:
    """Add the devices, a feed and the meters, have the devices scheduled, and make the dashboards."""
    entry_id = await configure(client, server, report, battery=battery)
    report("Adding the feeds")
    await add_tariff(client, server, entry_id)
    for device in DEVICES.values():
        if isinstance(device, FollowingDevice):
            await add_measured(client, server, entry_id, device)
    await add_meters(client, server, entry_id, report)
    devices: dict[DemoDevice, Entities] = {
        device: await entities_of(client, device) for device in DEVICES.values()
    }
    await control(client, devices[S2_BATTERY], battery, report)
    await schedule(client, devices, report)
    report("Handing the devices over")
    await hand_over(client, devices)
    meters = await show(client, entry_id, report)
    report("Waiting until a device follows its plan")
    await until_busy(client)
    return DemoHome(entry_id, devices, meters)


async def run_demo(
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
    battery: S2Battery,
    report: Progress,
    *,
    is_checked: bool,
    s2_programs: S2Programs | None = None,
) -> None:
    """Set the home up and schedule it; `is_checked` prints the battery's plan, and checks all that there is.

    With `s2_programs`, devices of all control types of S2 are there, too.
    """
    async with HomeAssistantClient(home_assistant.url, home_assistant.token) as client:
        home = await set_up(client, server, battery, report)
        if s2_programs is not None:
            await add_s2_devices(client, home.entry_id, s2_programs, report)
        if is_checked:
            await check(client, server, home, report)


async def check(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    home: DemoHome,
    report: Progress,
) -> None:
    """Print the battery's plan, and check it, what was planned before, that all devices do what is planned, the bill, and what a feed has sent."""
    plan = await plan_of(client, BATTERY)
    setpoint = await client.state(home.devices[BATTERY]["setpoint"])
    async with server_session(server) as session:
        lines = await plan_table(session, server, plan)
        report(f"The schedule of the device {BATTERY.name}:")
        print("\n".join(lines))
        checked = await check_plan(session, server, plan, setpoint)
        report(f"All {checked} slots are what the FlexMeasures server stores")
        past = await check_past(client, BATTERY)
        report(f"In {past} slots before, it has done what was planned")
        bill = home.meters[ELECTRICITY]
        usage, cost = [
            await client.state(bill[key]) for key in ("usage_to_date", "cost_to_date")
        ]
        billed = await check_bill(session, server, usage, cost)
        report(f"The bill of {billed} is what the server's values add up to")
        statistics = await statistic_ids(client, home.entry_id, ELECTRICITY)
        costs = await check_costs(client, session, server, statistics)
        report(f"The costs of {costs} are the server's own, hour by hour")
        hours = await check_tariff(session, server)
        report(f"The prices of {hours} hours that a feed has sent are on the server")
    for device, entities in home.devices.items():
        if isinstance(device, FollowingDevice):
            done = await check_done(client, device, entities)
            report(f"The device {device.name} {done}")
    followed = await check_follower(client, home.devices[S2_BATTERY])
    report(f"The device {S2_BATTERY.name} {followed}")


@contextlib.contextmanager
def sandbox(
    report: Progress,
) -> Iterator[tuple[FlexMeasuresServer, HomeAssistant, S2Battery]]:
    """Run FlexMeasures, Home Assistant and the simulated devices."""
    with contextlib.ExitStack() as running:
        server = FlexMeasuresServer(is_metered=True, report=report)
        now = datetime.now(UTC)
        home_assistant = HomeAssistant(
            configuration=configuration(now), history=history(now), report=report
        )
        running.callback(server.stop)
        running.callback(home_assistant.__exit__)
        with ThreadPoolExecutor() as both:
            starts = [both.submit(part.start) for part in (server, home_assistant)]
        for start in starts:
            start.result()
        yield server, home_assistant, running.enter_context(S2Battery())
