"""Adding feeds: what Home Assistant has of a home, and how that is sent."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..demo.devices import BATTERY
from ..demo.feeds import TARIFF, add_tariff
from ..demo.home import Progress, configure
from ..flexmeasures import profiles
from ..flexmeasures.server import FlexMeasuresServer
from ..home_assistant.client import HomeAssistantClient
from ..home_assistant.registry import device_id
from .camera import Camera

PRICES = "Nord Pool NL"


class FeedOf(NamedTuple):
    """A feed, which is called like what it sends."""

    name: str


LEVEL = FeedOf(f"{BATTERY.name} energy")


class Measured(NamedTuple):
    """An entity of Home Assistant that measures something."""

    name: str
    state: str
    unit: str
    kind: str


PANELS = Measured("PV power", "1042", "W", "power")
ENTITIES = {
    "sensor.pv_power": PANELS,
    "sensor.pv_meter": Measured("PV meter", "4210.5", "kWh", "energy"),
    "sensor.gas_meter": Measured("Gas meter", "1830.2", "m³", "gas"),
}
_COUNTERS = ("energy", "gas")


async def take(
    camera: Camera,
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    report: Progress,
) -> None:
    """Add an account that is gone afterwards, and feeds to it."""
    await _have_entities(client)
    entry_id = await configure(client, server, report, [BATTERY.name])
    async with camera.window() as owner:
        page = owner.page
        await owner.go_to_integration()
        await owner.add("Add feed")
        await camera.dialog(page, "feed_menu")
        await owner.choose("Suggested feeds")
        await camera.dialog(page, "feed_suggested")
        await owner.close()

        await owner.add("Add feed")
        await owner.choose("Prices or a forecast")
        sensor = "Electricity meter: own tariff"
        await owner.fill({"FlexMeasures sensor": sensor, "Source": PRICES})
        await owner.submit()
        await camera.dialog(page, "feed_prices")
        await owner.close()

        await owner.add("Add feed")
        await owner.choose("An entity")
        await owner.fill(
            {"Entity": PANELS.name, "FlexMeasures sensor": "PV roof: PV production"}
        )
        await owner.submit()
        await camera.dialog(page, "feed_entity")
        await owner.submit()
        await owner.finish()

        await add_tariff(client, server, entry_id)
        await owner.open_settings(TARIFF)
        await owner.submit()
        await camera.dialog(page, "feed_tariff")
        await owner.close()
    for entity in ENTITIES:
        await client.delete(f"states/{entity}")
    await client.command("energy/save_prefs", energy_sources=[])


async def take_page(camera: Camera, client: HomeAssistantClient) -> None:
    """Take the page of a feed of the demo's, which has sent something by then."""
    path = f"config/devices/device/{await device_id(client, LEVEL)}"
    await camera.page("feed_device", path, "Last sent")


async def _have_entities(client: HomeAssistantClient) -> None:
    """Let Home Assistant have what a home measures, and show some of it in the Energy dashboard."""
    for entity, (name, state, unit, kind) in ENTITIES.items():
        is_counter = kind in _COUNTERS
        attributes = {
            "friendly_name": name,
            "unit_of_measurement": unit,
            "device_class": kind,
            "state_class": "total_increasing" if is_counter else "measurement",
        }
        await client.post(
            f"states/{entity}", {"state": state, "attributes": attributes}
        )
    await client.post("states/sensor.nordpool_nl", _nord_pool())
    sources: list[dict[str, Any]] = [
        {
            "type": "solar",
            "stat_energy_from": "sensor.pv_meter",
            "stat_rate": "sensor.pv_power",
            "config_entry_solar_forecast": None,
        },
        {"type": "gas", "stat_energy_from": "sensor.gas_meter"},
    ]
    await client.command("energy/save_prefs", energy_sources=sources)


def _nord_pool() -> dict[str, Any]:
    """Return an entity that lists the prices of today and tomorrow, as that of Nord Pool in HACS does."""
    zone = profiles.TIME_ZONE
    today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def day(start: datetime) -> list[dict[str, Any]]:
        return [
            {
                "start": (start + timedelta(hours=hour)).isoformat(),
                "end": (start + timedelta(hours=hour + 1)).isoformat(),
                "value": round(profiles.price(hour), 2),
            }
            for hour in range(24)
        ]

    attributes = {
        "friendly_name": PRICES,
        "unit_of_measurement": "EUR/MWh",
        "raw_today": day(today),
        "raw_tomorrow": day(today + timedelta(days=1)),
    }
    state = str(round(profiles.price(datetime.now(zone).hour), 2))
    return {"state": state, "attributes": attributes}
