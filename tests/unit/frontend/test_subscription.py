"""When those who look at a plan are told of it: on each change, and never else."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..fake_server import BATTERY_POWER, CONSUMPTION, GARAGE_POWER, REFUSED
from ..feeds.fed_home import METER, feed
from ..home import HOUR, NOW, QUARTER, SLOT, Home, Json, device, meter
from ..s2_rm import FakeRM, paired
from .viewer import UNLOADED, Viewer

type Connect = Callable[..., Awaitable[Viewer]]


def changed(before: Json, after: Json) -> set[str]:
    """Tell which parts of a picture differ."""
    assert before.keys() == after.keys()
    return {key for key in before if before[key] != after[key]}


# --- what is pushed


async def test_new_plan(home: Home, viewer: Viewer) -> None:
    """Also that it is being computed; each time the whole picture."""
    home.has_prices(50.0, 60.0)
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    assert before["power"] is None
    assert before["status"]["key"] == "not_scheduled"

    await home.press_compute()

    computing, planned = await viewer.news()
    assert changed(before, computing) == {"status"}
    assert computing["status"]["key"] == "computing"
    assert planned["status"]["key"] == "ok"
    assert planned["power"]["values"] == [3.0, -2.0, 0.0, 3.0, -2.0, 0.0, 3.0, -2.0]
    assert planned["setpoint"] == 3.0
    assert planned["last_schedule"] == NOW.isoformat()
    assert not planned["is_out_of_date"]


async def test_s2_device_comes_and_goes(
    home: Home, viewer: Viewer, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Also one that is not to be controlled."""
    home.has_planned(2.0)
    await home.set_up(paired())
    before = await viewer.look_at(home.device_id())
    assert before["is_connected"] is False
    assert not before["is_ordinary"]

    rm = await FakeRM(home, hass_client_no_auth).start()

    connected = (await viewer.news())[-1]
    assert connected["is_connected"]
    assert connected["is_ordinary"]

    await rm.leave()

    away = (await viewer.news())[-1]
    assert changed(connected, away) == {"is_connected", "is_ordinary"}


async def test_next_slot(home: Home, viewer: Viewer) -> None:
    """The plan goes on, and ends, without anybody being asked."""
    home.has_planned(3.0, 1.5)
    await home.set_up()
    running = await viewer.look_at(home.device_id())
    assert running["setpoint"] == 3.0

    await home.go_to(SLOT + QUARTER)
    (second,) = await viewer.news()
    assert changed(running, second) == {"setpoint"}
    assert second["setpoint"] == 1.5

    await home.go_to(SLOT + 2 * QUARTER)
    (ended,) = await viewer.news()
    assert ended["setpoint"] is None
    assert ended["is_out_of_date"]


async def test_mode(home: Home, viewer: Viewer) -> None:
    home.has_planned(3.0, 1.5)
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    assert before["mode"] == "automatic"

    await home.act("select_option", "select", "mode", option="hold")

    (held,) = await viewer.news()
    assert changed(before, held) == {"mode", "setpoint", "is_ordinary"}
    assert (held["mode"], held["setpoint"]) == ("hold", 0.0)


async def test_override(home: Home, viewer: Viewer) -> None:
    """When it is set, and when it ends by itself."""
    home.has_planned(*[3.0] * 8)
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    assert before["override"] is None

    await home.override(power=-2, duration=timedelta(minutes=5))
    (overridden,) = await viewer.news()
    assert changed(before, overridden) == {"override", "setpoint", "is_ordinary"}
    assert overridden["override"] == {
        "power": -2.0,
        "until": (NOW + timedelta(minutes=5)).isoformat(),
    }
    assert overridden["setpoint"] == -2.0

    await home.go_to(NOW + timedelta(minutes=5))
    assert (await viewer.news())[-1] == before


async def test_wish(home: Home, viewer: Viewer) -> None:
    await home.set_up()
    assert (await viewer.look_at(home.device_id()))["targets"] == []

    await home.act(
        "set_value", "datetime", "ready_by", datetime="2026-11-22T14:00:00+01:00"
    )
    await home.act("set_value", "number", "target_soc", value=7.5)

    assert [picture["targets"] for picture in await viewer.news()] == [
        [
            {
                "at": "2026-11-22T13:00:00+00:00",
                "soc": soc,
                "met": None,
                "missed_by": None,
            }
        ]
        for soc in (None, 7.5)
    ]


async def test_server_that_is_away(home: Home, viewer: Viewer) -> None:
    """And that comes back."""
    home.has_planned(*[3.0] * 8)
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    assert before["server_answers"]

    home.server.fail(REFUSED)
    await home.go_to(NOW + HOUR)

    away = (await viewer.news())[-1]
    assert changed(before, away) == {
        "is_out_of_date",
        "is_ordinary",
        "server_answers",
        "status",
    }
    assert away["status"]["key"] == "cannot_connect"
    assert away["status"]["since"] == NOW.isoformat()
    assert away["is_out_of_date"]

    home.server.recover()
    await home.go_to(NOW + HOUR + timedelta(minutes=1))
    assert (await viewer.news())[-1] == before


async def test_nothing_is_pushed_without_a_change(home: Home, viewer: Viewer) -> None:
    """However often entities are updated, and the plan is read."""
    home.has_planned(*[3.0] * 8)
    await home.set_up()
    await viewer.look_at(home.device_id())
    read_before = len(home.plans_read())

    home.hass.bus.async_fire(EVENT_CORE_CONFIG_UPDATE)
    await home.settle()
    assert await viewer.news() == []
    await home.go_to(SLOT + QUARTER)
    assert await viewer.news() == []
    await home.go_to(NOW + HOUR)
    assert await viewer.news() == []

    assert len(home.plans_read()) > read_before


# --- names


async def test_name_of_the_device(home: Home, viewer: Viewer) -> None:
    """That which its owner has given it."""
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    assert before["name"] == "Home battery"
    registry = dr.async_get(home.hass)

    registry.async_update_device(home.device_id(), name_by_user="Basement")
    await home.settle()
    (renamed,) = await viewer.news()
    assert changed(before, renamed) == {"name"}
    assert renamed["name"] == "Basement"

    registry.async_update_device(home.device_id(), labels={"green"})
    await home.settle()
    assert await viewer.news() == []


async def test_title(home: Home, viewer: Viewer) -> None:
    """It is the name of a device that has been given no other."""
    await home.set_up()
    await viewer.look_at(home.device_id())

    home.change_device(title="Powerwall")
    await home.settle()

    assert (await viewer.news())[-1]["name"] == "Powerwall"


async def test_name_of_an_entity(home: Home, viewer: Viewer) -> None:
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    mode = home.entity("select", "mode")
    assert before["entities"]["mode"] == mode

    er.async_get(home.hass).async_update_entity(mode, new_entity_id="select.basement")
    await home.settle()

    (renamed,) = await viewer.news()
    assert changed(before, renamed) == {"entities"}
    assert renamed["entities"]["mode"] == "select.basement"


async def test_entity_that_is_disabled_or_removed(home: Home, viewer: Viewer) -> None:
    await home.set_up()
    await viewer.look_at(home.device_id())
    registry = er.async_get(home.hass)

    registry.async_update_entity(
        home.entity("select", "mode"), disabled_by=er.RegistryEntryDisabler.USER
    )
    await home.settle()
    (disabled,) = await viewer.news()
    assert disabled["entities"]["mode"] is None

    registry.async_remove(home.entity("number", "target_soc"))
    await home.settle()
    assert (await viewer.news())[-1]["entities"]["target"] is None


# --- feeds


async def test_feed_that_comes_and_goes(home: Home, viewer: Viewer) -> None:
    """What the device's power is measured by."""
    await home.set_up()
    before = await viewer.look_at(home.device_id())
    assert before["entities"]["measured"] is None

    home.add_device(feed(BATTERY_POWER, invert=True))
    await home.settle()
    (fed,) = await viewer.news()
    assert changed(before, fed) == {"curves", "entities"}
    assert fed["entities"]["measured"] == METER
    assert fed["curves"]["measured"] == {
        "W": [[-1e9, 1e6], [1e9, -1e6]],
        "kW": [[-1e6, 1e6], [1e6, -1e6]],
        "MW": [[-1e3, 1e6], [1e3, -1e6]],
    }

    home.hass.config_entries.async_remove_subentry(home.entry, f"feed_{BATTERY_POWER}")
    await home.settle()
    assert (await viewer.news())[-1] == before


async def test_feed_that_is_disabled(home: Home, viewer: Viewer) -> None:
    """What is sent from it no more is not shown."""
    await home.set_up(device(), feed(BATTERY_POWER))
    before = await viewer.look_at(home.device_id())
    assert before["entities"]["measured"] == METER
    registry = dr.async_get(home.hass)
    found = registry.async_get_device_by_identifier(
        (DOMAIN, f"feed_{BATTERY_POWER}"), home.entry.entry_id
    )
    assert found

    registry.async_update_device(found.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await home.settle()

    (disabled,) = await viewer.news()
    assert disabled["entities"]["measured"] is None


# --- from loading to loading


async def test_reload_of_the_account(home: Home, viewer: Viewer) -> None:
    """The same subscription goes on."""
    home.has_planned(3.0, 1.5)
    await home.set_up()
    before = await viewer.look_at(home.device_id())

    await home.reload()
    assert await viewer.news() == [UNLOADED, before]

    await home.act("select_option", "select", "mode", option="off")
    (after,) = await viewer.news()
    assert after["mode"] == "off"


async def test_reload_of_the_device(home: Home, viewer: Viewer) -> None:
    """Alone, by a change of its settings."""
    await home.set_up()
    before = await viewer.look_at(home.device_id())

    home.change_device(soc_max=8)
    await home.settle()

    unloaded, after = await viewer.news()
    assert unloaded == UNLOADED
    assert changed(before, after) == {"soc_limits"}
    assert after["soc_limits"] == {"least": 1.0, "most": 8.0}


async def test_disabled_device(home: Home, viewer: Viewer) -> None:
    """It can be looked at, and shows up once it is enabled."""
    await home.set_up()
    home.disable_device()
    await home.settle()
    assert await viewer.look_at(home.device_id()) == UNLOADED

    home.disable_device(is_disabled=False)
    await home.settle()

    assert (await viewer.news())[-1]["name"] == "Home battery"


async def test_account_that_cannot_be_set_up(home: Home, viewer: Viewer) -> None:
    """Its device shows up once it can."""
    await home.set_up()
    home.server.fail(REFUSED)
    assert await home.reload() is ConfigEntryState.SETUP_RETRY
    assert await viewer.look_at(home.device_id()) == UNLOADED

    home.server.recover()
    await home.reload()

    (picture,) = await viewer.news()
    assert picture["device_id"] == home.device_id()


async def test_device_that_is_removed(home: Home, viewer: Viewer) -> None:
    await home.set_up()
    await viewer.look_at(home.device_id())

    home.remove_device()
    await home.settle()

    assert (await viewer.news())[-1] == UNLOADED


async def test_device_that_is_added(home: Home, viewer: Viewer) -> None:
    await home.set_up()

    home.add_device(device(GARAGE_POWER))
    await home.settle()

    picture = await viewer.look_at(home.device_id(GARAGE_POWER))
    assert picture["name"] == "Garage battery"
    assert None not in {
        picture["entities"][name] for name in ("setpoint", "mode", "status")
    }


# --- several of them


async def test_several_who_look(home: Home, new_viewer: Connect) -> None:
    """All see the same, until they look away."""
    await home.set_up()
    first, second = await new_viewer(), await new_viewer()
    shown = await first.look_at(home.device_id())
    assert await second.look_at(home.device_id()) == shown

    await home.act("select_option", "select", "mode", option="hold")
    (picture,) = await first.news()
    assert await second.news() == [picture]

    await first.stop(1)
    await home.act("select_option", "select", "mode", option="off")
    assert await first.news() == []
    assert len(await second.news()) == 1


async def test_looking_away_while_it_is_unloaded(home: Home, viewer: Viewer) -> None:
    """Its coming back is told to nobody."""
    await home.set_up()
    await viewer.look_at(home.device_id())
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert await viewer.news() == [UNLOADED]

    await viewer.stop(1)
    await home.start()

    assert await viewer.news() == []


async def test_looking_again(home: Home, viewer: Viewer) -> None:
    """What changed while nobody looked is seen at once."""
    await home.set_up()
    await viewer.look_at(home.device_id())
    await viewer.stop(1)

    await home.act("select_option", "select", "mode", option="hold")

    assert (await viewer.look_at(home.device_id()))["mode"] == "hold"


async def test_several_accounts(home: Home, viewer: Viewer) -> None:
    """The reload of one says nothing of the other's devices."""
    await home.set_up(device(GARAGE_POWER))
    garage = await viewer.look_at(home.device_id(GARAGE_POWER))
    await home.set_up(device(BATTERY_POWER))
    battery = await viewer.look_at(home.device_id(BATTERY_POWER))
    assert (garage["name"], battery["name"]) == ("Garage battery", "Home battery")

    await home.reload()

    assert await viewer.news() == [UNLOADED, battery]


# --- what is refused


async def test_devices_without_a_schedule(home: Home, viewer: Viewer) -> None:
    await home.set_up(device(), meter(), feed())
    registry = dr.async_get(home.hass)
    of_account = {
        found.config_subentry_id: found.id
        for found in dr.async_entries_for_config_entry(registry, home.entry.entry_id)
    }
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home.hass)
    of_other = registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "10")}
    )

    for device_id in (
        of_account[f"meter_{CONSUMPTION}"],
        of_account[f"feed_{CONSUMPTION}"],
        of_other.id,
        "none-of-these",
    ):
        code = await viewer.refusal("plan/subscribe", device_id=device_id)
        assert code == "not_found"


@pytest.mark.parametrize("message", [{}, {"device_id": 10}])
async def test_no_device_at_all(home: Home, viewer: Viewer, message: Json) -> None:
    await home.set_up()

    assert await viewer.refusal("plan/subscribe", **message) == "invalid_format"


async def test_user_who_may_not_read(
    home: Home, new_viewer: Connect, hass_admin_user: MockUser
) -> None:
    """What counts is the setpoint, enabled or not; who sees all needs none."""
    await home.set_up()
    setpoint = home.entity("sensor", "setpoint")
    hass_admin_user.groups = []
    viewer = await new_viewer()

    async def refusal() -> str:
        return await viewer.refusal("plan/subscribe", device_id=home.device_id())

    hass_admin_user.mock_policy({})
    assert await refusal() == "unauthorized"
    hass_admin_user.mock_policy({"entities": {"entity_ids": {METER: True}}})
    assert await refusal() == "unauthorized"

    hass_admin_user.mock_policy(
        {"entities": {"entity_ids": {setpoint: {"read": True}}}}
    )
    assert (await viewer.look_at(home.device_id()))["name"] == "Home battery"

    er.async_get(home.hass).async_remove(setpoint)
    await home.settle()
    await viewer.news()
    assert await refusal() == "unauthorized"
    hass_admin_user.mock_policy({"entities": {"all": {"read": True}}})
    assert (await viewer.look_at(home.device_id()))["entities"]["setpoint"] is None


async def test_user_who_may_only_read(
    home: Home, new_viewer: Connect, hass_read_only_access_token: str
) -> None:
    await home.set_up()
    viewer = await new_viewer(access_token=hass_read_only_access_token)

    assert (await viewer.look_at(home.device_id()))["name"] == "Home battery"
