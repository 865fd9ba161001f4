"""A real FlexMeasures server, and the integration set up with it."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import pytest
import pytest_socket

from custom_components.flexmeasures.account import FlexMeasuresConfigEntry
from custom_components.flexmeasures.api.address import ServerAddress
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentry,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from sandbox.flexmeasures.server import FlexMeasuresServer

_LONGEST = ("test_demo.py", "test_s2.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or one process would have to go on with it alone."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


@pytest.fixture(scope="session")
def running_server() -> Iterator[FlexMeasuresServer]:
    """A server for all tests of a process; one that stops a part of it starts it again."""
    # Home Assistant's plugin closes the network to tests before each of them.
    pytest_socket.enable_socket()
    with FlexMeasuresServer() as running:
        yield running


@pytest.fixture
def server(running_server: FlexMeasuresServer) -> FlexMeasuresServer:
    """The server, without what other tests have had planned and measured."""
    running_server.forget()
    return running_server


@pytest.fixture(autouse=True)
def open_network(socket_enabled: None) -> None:
    """Let every test here reach the server."""


@pytest.fixture(autouse=True)
def every_entity() -> Iterator[None]:
    """Let no entity be disabled by default: tests look at what most owners need not."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", new=True
    ):
        yield


@dataclass(frozen=True)
class Device:
    """A device that is set up, by the ids that Home Assistant gave it."""

    entry: FlexMeasuresConfigEntry
    device_id: str
    entity_id: str
    pairing: Mapping[str, str] = field(default_factory=dict)
    """The address and the token, if it has S2 on."""


@pytest.fixture
async def api(hass: HomeAssistant, server: FlexMeasuresServer) -> FlexMeasuresApi:
    """The server as the account's owner sees it, beside the integration."""
    user = server.home.user("demo")
    return FlexMeasuresApi(
        async_get_clientsession(hass),
        ServerAddress.parse(server.url),
        user.email,
        user.password,
    )


type AddDevice = Callable[..., Coroutine[Any, Any, Device]]


async def call(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Call an action and return its response."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )


async def stored(api: FlexMeasuresApi, posted: dict[str, Any]) -> None:
    """Wait until the server's worker has stored what was posted."""
    if posted["job"]:
        await api.wait_for_job(posted["job"])


def plan(hass: HomeAssistant, device: Device) -> State:
    """Give the schedule sensor's state."""
    state = hass.states.get(device.entity_id)
    assert state
    return state


def from_then_on(
    slots: list[dict[str, Any]], response: dict[str, Any]
) -> list[dict[str, Any]]:
    """Give the slots from the start of a response on.

    What had been planned before it may have begun earlier.
    """
    start = response["schedule"][0]["start"]
    return [slot for slot in slots if slot["start"] >= start]


def powers(response: dict[str, Any]) -> list[float]:
    """Give the values of a response that holds a schedule."""
    return [slot["value"] for slot in response["schedule"]]


async def run_flow(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    *,
    user: str,
    sensor: str,
    settings: dict[str, Any],
) -> FlexMeasuresConfigEntry:
    """Add an account and its first device the way a user does."""
    entry, _ = await run_pairing_flow(
        hass, server, user=user, sensor=sensor, settings=settings
    )
    return entry


async def run_pairing_flow(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    *,
    user: str,
    sensor: str,
    settings: dict[str, Any],
) -> tuple[FlexMeasuresConfigEntry, Mapping[str, str]]:
    """Do the same, and give what is shown for a device that speaks S2."""
    login = server.home.user(user)
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"],
        {
            CONF_HOST: server.url,
            CONF_USERNAME: login.email,
            CONF_PASSWORD: login.password,
        },
    )
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    entry: FlexMeasuresConfigEntry = flow["result"]
    _, flow_id = flow["next_flow"]
    pairing = await set_up_device(
        hass, entry, flow_id, server.home.sensor(sensor), settings
    )
    assert entry.state is ConfigEntryState.LOADED
    return entry, pairing


async def add_another(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, sensor: int, **settings: Any
) -> None:
    """Add one more device to an account the way a user does."""
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    await set_up_device(hass, entry, flow["flow_id"], sensor, settings)
    await hass.async_block_till_done(wait_background_tasks=True)


async def set_up_device(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    flow_id: str,
    sensor: int,
    settings: Mapping[str, Any],
) -> Mapping[str, str]:
    """Go on from what there is to schedule; give what is shown of a pairing.

    What is not asked of a new device is changed afterwards, screen by screen, and only
    then it is scheduled by itself.
    """
    flows = hass.config_entries.subentries
    await flows.async_configure(flow_id, {"next_step_id": "device"})
    step: Any = await flows.async_configure(flow_id, {"power_sensor": str(sensor)})
    assert step["step_id"] == "facts", step
    others = dict(settings)
    is_automatic = others.pop("automatic_scheduling", False)
    facts: dict[str, Any] = {
        key: others.pop(key) for key in ("soc_entity", "capacity") if key in others
    }
    step = await flows.async_configure(
        flow_id,
        filled_in(step["data_schema"], {**facts, "automatic_scheduling": False}),
    )
    assert step["type"] is FlowResultType.CREATE_ENTRY, step
    await hass.async_block_till_done()
    (device,) = [
        device
        for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        if device.data["power_sensor"] == sensor
    ]
    pairing = await change_settings(hass, device, entry, others)
    if is_automatic:
        await change_settings(hass, device, entry, {"automatic_scheduling": True})
    return pairing


async def change_settings(
    hass: HomeAssistant,
    device: ConfigSubentry,
    entry: FlexMeasuresConfigEntry,
    settings: Mapping[str, Any],
) -> Mapping[str, str]:
    """Change settings on the screens that they are on; give what is shown of a pairing."""
    flows = hass.config_entries.subentries
    pairing: Mapping[str, str] = {}
    missing = dict(settings)
    # Who follows is a menu of its own.
    seen = {"follower"}
    while missing:
        step: Any = await flows.async_init(
            (entry.entry_id, SUBENTRY_DEVICE),
            context=SubentryFlowContext(
                source=SOURCE_RECONFIGURE, subentry_id=device.subentry_id
            ),
        )
        flow_id = step["flow_id"]
        screen = next(name for name in step["menu_options"] if name not in seen)
        seen.add(screen)
        step = await flows.async_configure(flow_id, {"next_step_id": screen})
        keys = missing.keys() & {key.schema for key in step["data_schema"].schema}
        if not keys:
            flows.async_abort(flow_id)
            continue
        changes = {key: missing.pop(key) for key in keys}
        step = await flows.async_configure(
            flow_id, filled_in(step["data_schema"], changes)
        )
        if step.get("step_id") == "pairing_unencrypted":
            pairing = step["description_placeholders"] or {}
            step = await flows.async_configure(flow_id, {})
        assert step.get("reason") == "reconfigure_successful", step
        # The device is read anew.
        await hass.async_block_till_done(wait_background_tasks=True)
    return pairing


def filled_in(schema: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows, but for some changes."""
    shown = {
        key.schema: key.description["suggested_value"]
        for key in schema.schema
        if key.description and "suggested_value" in key.description
    }
    return {**shown, **changes}


def device_of(hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> Device:
    """Find the account's only device."""
    # It may come with a feed.
    (subentry,) = entry.get_subentries_of_type(SUBENTRY_DEVICE)
    subentry_id = subentry.subentry_id
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, subentry_id), entry.entry_id
    )
    entity_id = er.async_get(hass).async_get_entity_id(
        "sensor", DOMAIN, f"{subentry_id}_schedule"
    )
    assert device
    assert entity_id
    return Device(entry, device.id, entity_id)


@pytest.fixture
async def add_device(
    hass: HomeAssistant, server: FlexMeasuresServer
) -> AsyncIterator[AddDevice]:
    """Set up an account with one device; unloaded at the end of the test."""
    entries: list[FlexMeasuresConfigEntry] = []

    async def add(
        sensor: str = "battery_power", *, user: str = "demo", **settings: Any
    ) -> Device:
        entry, pairing = await run_pairing_flow(
            hass, server, user=user, sensor=sensor, settings=settings
        )
        entries.append(entry)
        return replace(device_of(hass, entry), pairing=pairing)

    yield add
    for entry in entries:
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
