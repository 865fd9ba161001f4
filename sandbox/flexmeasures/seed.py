"""Fills a FlexMeasures database with two accounts and a home: runs in the flexmeasures environment, so it keeps to Python 3.10."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
import json
from typing import TYPE_CHECKING, Any

from flexmeasures.data import db
from flexmeasures.data.models.data_sources import DataSource
from flexmeasures.data.models.time_series import Sensor, TimedBelief
from sqlalchemy import delete, insert, select

from . import profiles
from .meters import add_counted, add_meters
from .past import HABITS
from .profiles import TIME_ZONE
from .structure import Structure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCE = "Sandbox"
DAY = timedelta(days=1)
HISTORY = 21 * DAY


def seed(home: Path, *, is_metered: bool) -> None:
    """Fill the database, and write users and ids to a file once that is done.

    With meters, and what they have counted and was planned, if asked for: these take seconds.
    """
    structure = Structure()
    add_home(structure)
    add_data(structure.sensors, has_past=is_metered)
    if is_metered:
        add_meters(structure)
        add_counted(structure.sensors, SOURCE)
    content = {
        "users": structure.users,
        "assets": {key: asset.id for key, asset in structure.assets.items()},
        "sensors": {key: sensor.id for key, sensor in structure.sensors.items()},
    }
    db.session.commit()
    home.write_text(json.dumps(content, indent=2))


def forget() -> None:
    """Drop all data that is not from here."""
    ours = select(DataSource.id).filter_by(name=SOURCE)
    db.session.execute(
        delete(TimedBelief)
        .where(TimedBelief.source_id.not_in(ours))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def measured(sensor: dict[str, int]) -> dict[str, Any]:
    """Refer to a state of charge; else a schedule would start from what the last one had expected, not from what was measured."""
    return sensor | {"exclude-source-types": ["scheduler"]}


def add_home(add: Structure) -> None:
    """Add the accounts and all that they own."""
    add.user("demo", "Demo home", "account-admin")
    add.user("member", "Demo home")
    add.user("neighbour", "Neighbour", "account-admin")
    add.user("admin", "Host", "admin")
    # These have nothing yet.
    add.user("newcomer", "New home", "account-admin")
    add.user("newcomer_member", "New home")

    add.asset("zone", "NL transmission zone", "transmission zone", None)
    price = add.sensor("price", "zone", "day-ahead prices", "EUR/MWh", 60)
    add.sensor("price_15min", "zone", "day-ahead prices 15 min", "EUR/kWh", 15)
    add.sensor("fixed_price", "zone", "fixed tariff", "EUR/kWh", 60)
    feed_in = add.sensor("feed_in", "zone", "feed-in price", "EUR/kWh", 60)

    house = add.asset("house", "Demo house", "building", "Demo home")
    consumption = add.sensor(
        "consumption",
        "house",
        "household consumption",
        "kW",
        15,
        consumption_is_positive=True,
    )
    total = add.sensor(
        "total",
        "house",
        "site power (scheduled)",
        "kW",
        15,
        consumption_is_positive=True,
    )
    add.sensor("gas", "house", "gas consumption", "m³", 60)
    add.sensor("daily_cost", "house", "energy cost per day", "EUR", 24 * 60)
    add.sensor(
        "grid_import", "house", "grid power", "kW", 15, consumption_is_positive=True
    )

    add.asset("pv", "PV roof", "solar", "Demo home", parent="house")
    production = add.sensor("pv_production", "pv", "PV production", "kW", 15)

    house.flex_context = {
        "consumption-price": price,
        "production-price": feed_in,
        "site-power-capacity": "17 kVA",
        "inflexible-consumption": [consumption],
        "inflexible-production": [production],
        "aggregate-consumption": total,
    }

    add_devices(add)

    add.asset("neighbour_house", "Neighbour house", "building", "Neighbour")
    add.sensor(
        "neighbour_consumption", "neighbour_house", "neighbour consumption", "kW", 15
    )
    add.asset(
        "neighbour_battery",
        "Neighbour battery",
        "battery",
        "Neighbour",
        parent="neighbour_house",
    )
    add.sensor(
        "neighbour_power", "neighbour_battery", "neighbour battery power", "kW", 15
    )


def add_devices(add: Structure) -> None:
    """Add the devices that can be scheduled."""
    battery = add.asset(
        "battery", "Home battery", "battery", "Demo home", parent="house"
    )
    power = add.sensor(
        "battery_power",
        "battery",
        "battery power",
        "kW",
        15,
        consumption_is_positive=True,
    )
    soc = add.sensor("battery_soc", "battery", "battery SoC", "kWh", 0)
    add.sensor("battery_consumption", "battery", "battery charging", "kW", 15)
    add.sensor("battery_production", "battery", "battery discharging", "kW", 15)
    battery.flex_model = {
        "soc-min": "1 kWh",
        "soc-max": "10 kWh",
        "power-capacity": "5 kW",
        "roundtrip-efficiency": "90%",
        "state-of-charge": measured(soc),
        "consumption": power,
    }

    charger = add.asset("ev", "EV charger", "one-way_evse", "Demo home", parent="house")
    power = add.sensor(
        "ev_power", "ev", "EV charging power", "kW", 15, consumption_is_positive=True
    )
    soc = add.sensor("ev_soc", "ev", "EV SoC", "%", 0)
    charger.flex_model = {
        "soc-min": "0 kWh",
        "soc-max": "60 kWh",
        "power-capacity": "11 kW",
        "production-capacity": "0 kW",
        "charging-efficiency": "95%",
        "state-of-charge": measured(soc),
        "consumption": power,
    }

    heat_pump = add.asset(
        "heat_pump", "Heat pump", "heat-storage", "Demo home", parent="house"
    )
    power = add.sensor(
        "hp_power",
        "heat_pump",
        "heat pump power",
        "kW",
        15,
        consumption_is_positive=True,
    )
    soc = add.sensor("hp_soc", "heat_pump", "buffer energy", "kWh", 0)
    add.sensor("hp_temperature", "heat_pump", "buffer temperature", "°C", 15)
    demand = add.sensor("hp_heat_demand", "heat_pump", "heat demand", "kW", 15)
    heat_pump.flex_model = {
        "soc-min": "0 kWh",
        "soc-max": "12 kWh",
        "power-capacity": "3 kW",
        "production-capacity": "0 kW",
        "charging-efficiency": "350%",
        "storage-efficiency": "99.8%",
        "soc-usage": [demand],
        "state-of-charge": measured(soc),
        "consumption": power,
    }

    # Other units, another resolution, and the sign that FlexMeasures stores by default: production is positive.
    garage = add.asset(
        "garage_battery", "Garage battery", "battery", "Demo home", parent="house"
    )
    add.sensor("garage_battery_power", "garage_battery", "garage battery power", "W", 5)
    soc = add.sensor(
        "garage_battery_soc", "garage_battery", "garage battery SoC", "kWh", 0
    )
    garage.flex_model = {
        "soc-min": "0.5 kWh",
        "soc-max": "5 kWh",
        "power-capacity": "2500 W",
        "roundtrip-efficiency": "90%",
        "state-of-charge": measured(soc),
    }

    # What can be done with it, it tells itself, by S2.
    s2_battery = add.asset(
        "s2_battery", "S2 battery", "battery", "Demo home", parent="house"
    )
    power = add.sensor(
        "s2_battery_power",
        "s2_battery",
        "S2 battery power",
        "kW",
        15,
        consumption_is_positive=True,
    )
    soc = add.sensor("s2_battery_soc", "s2_battery", "S2 battery SoC", "kWh", 0)
    add.sensor("s2_battery_level", "s2_battery", "S2 battery fill level", "%", 0)
    s2_battery.flex_model = {"state-of-charge": measured(soc), "consumption": power}

    # The server knows nothing about this one: no flex-model, and no flex-context to inherit.
    add.asset("cabin_battery", "Cabin battery", "battery", "Demo home")
    add.sensor("cabin_battery_power", "cabin_battery", "cabin battery power", "MW", 60)
    add.sensor("cabin_battery_soc", "cabin_battery", "cabin battery SoC", "kWh", 0)


def constantly(value: float) -> Callable[[float], float]:
    """Return a profile that does not change over the day."""
    return lambda _: value


def add_data(sensors: dict[str, Sensor], *, has_past: bool) -> None:
    """Add measurements up to now, and prices and forecasts from then on.

    `has_past`: the devices that have one are as full as it has left them; Home Assistant tells that itself.
    """
    source = DataSource(name=SOURCE, type="demo script")
    db.session.add(source)
    db.session.flush()
    now = datetime.now(UTC)
    today = (
        datetime.now(TIME_ZONE)
        .replace(hour=0, minute=0, second=0, microsecond=0)
        .astimezone(UTC)
    )
    last = now - timedelta(
        minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond
    )
    end = today + 3 * DAY
    beliefs: list[dict[str, Any]] = []

    def put(
        key: str,
        start: datetime,
        stop: datetime,
        value: Callable[[float], float],
        known: Callable[[datetime], datetime],
    ) -> None:
        """Add one belief for each event, known since the given moment or, if that is still to come, since now."""
        sensor = sensors[key]
        event = start
        while event < stop:
            local = event.astimezone(TIME_ZONE)
            event_end = event + sensor.event_resolution
            beliefs.append(
                {
                    "sensor_id": sensor.id,
                    "source_id": source.id,
                    "event_start": event,
                    "belief_horizon": event_end - min(known(event), now),
                    "cumulative_probability": 0.5,
                    "event_value": value(local.hour + local.minute / 60),
                }
            )
            event = event_end if sensor.event_resolution else stop

    def measure(
        key: str, start: datetime, stop: datetime, value: Callable[[float], float]
    ) -> None:
        put(
            key, start, stop, value, lambda event: event + sensors[key].event_resolution
        )

    def publish(key: str, start: datetime, value: Callable[[float], float]) -> None:
        put(
            key,
            start,
            end,
            value,
            lambda event: (event - DAY).replace(hour=11, minute=0),
        )

    def forecast(key: str, start: datetime, value: Callable[[float], float]) -> None:
        put(key, start, end, value, lambda _: now)

    publish("price", today - HISTORY, profiles.price)
    publish("price_15min", today - DAY, profiles.retail_price)
    publish("fixed_price", today - DAY, constantly(profiles.FIXED_PRICE))
    publish("feed_in", today - DAY, profiles.feed_in_price)
    for key, profile in (
        ("consumption", profiles.household),
        ("pv_production", profiles.sun),
    ):
        measure(key, today - HISTORY, last, profile)
        forecast(key, last, profile)
    forecast("hp_heat_demand", today - DAY, profiles.heat_demand)
    measure("hp_temperature", today - DAY, last, constantly(42.0))
    measure("gas", today - 2 * DAY, last.replace(minute=0), constantly(0.12))
    measure("daily_cost", today - 7 * DAY, today, constantly(2.5))
    # On the 15-minute grid: FlexMeasures stores other moments too, but never returns them.
    for key, level in (
        ("battery", 4.0),
        ("ev", 35.0),
        ("hp", 6.0),
        ("garage_battery", 2.0),
        ("cabin_battery", 5.0),
    ):
        if not (has_past and key in HABITS):
            measure(f"{key}_soc", last, now, constantly(level))
    db.session.execute(insert(TimedBelief), beliefs)
