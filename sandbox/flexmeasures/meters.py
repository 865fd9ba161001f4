"""Meters of the demo home, and all that they have counted for more than a year: runs in the flexmeasures environment, so it keeps to Python 3.10."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
import io
from typing import TYPE_CHECKING

from flexmeasures.data import db
from flexmeasures.data.services.data_sources import get_or_create_source

from .past import HABITS, QUARTER, devices_power, steps_since_yesterday
from .profiles import TIME_ZONE
from .weather import Day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flexmeasures.data.models.time_series import Sensor

    from .structure import Structure

# Typical is the mean of twelve months, and then there is the one that still runs.
MONTHS = 13
FORECAST = timedelta(days=3)
HOUR = timedelta(hours=1)
# Until the first plans of the demo are there, what was planned before is followed.
PLANNED_AHEAD = timedelta(minutes=30)
PLANNED_BEFORE = timedelta(hours=6)

# What the contract adds to the price of the day-ahead market, in EUR/kWh: tax, and what the supplier keeps.
TAX = 0.1316
VAT = 1.21
SUPPLIER = 0.02


def add_meters(add: Structure) -> None:
    """Add an electricity meter, a PV meter and a gas meter."""
    add.asset(
        "electricity_meter",
        "Electricity meter",
        "building",
        "Demo home",
        parent="house",
    )
    add.sensor("meter_import", "electricity_meter", "from the grid", "kWh", 15)
    add.sensor("meter_export", "electricity_meter", "to the grid", "kWh", 15)
    add.sensor("meter_price", "electricity_meter", "price", "EUR/kWh", 60)
    add.sensor("meter_feed_in", "electricity_meter", "feed-in price", "EUR/kWh", 60)
    add.sensor("meter_cost", "electricity_meter", "cost", "EUR", 60)
    add.sensor("meter_earned", "electricity_meter", "earned", "EUR", 60)
    # For a feed of the demo.
    add.sensor("own_price", "electricity_meter", "own tariff", "EUR/kWh", 60)
    add.sensor("pv_meter", "pv", "PV meter", "kWh", 15)
    add.asset("gas_meter", "Gas meter", "building", "Demo home", parent="house")
    add.sensor("meter_gas", "gas_meter", "gas", "m³", 60)
    add.sensor("meter_gas_price", "gas_meter", "gas price", "EUR/m³", 24 * 60)


class Values:
    """Collects the values of sensors, and writes them in one go."""

    def __init__(self, sensors: dict[str, Sensor], name: str) -> None:
        """Start with three sources of this name: who measures, who forecasts, and who plans."""
        self._sensors = sensors
        self._measured, self._forecast, self._planned = (
            get_or_create_source(name, source_type=kind).id
            for kind in ("demo script", "forecaster", "scheduler")
        )
        self._lines = io.StringIO()

    def measure(self, key: str, start: datetime, value: float) -> None:
        """Add what is known as soon as its interval is over."""
        self._add(key, start, value, self._measured, timedelta(0))

    def publish(self, key: str, start: datetime, value: float) -> None:
        """Add what is known long before."""
        self._add(key, start, value, self._measured, timedelta(days=7))

    def forecast(self, key: str, start: datetime, value: float) -> None:
        """Add what a forecaster has said."""
        self._add(key, start, value, self._forecast, timedelta(days=7))

    def plan(self, key: str, start: datetime, value: float) -> None:
        """Add what a scheduler has said."""
        self._add(key, start, value, self._planned, PLANNED_BEFORE)

    def _add(
        self, key: str, start: datetime, value: float, source: int, horizon: timedelta
    ) -> None:
        self._lines.write(
            f"{start.isoformat()}\t{horizon.total_seconds():.0f} s\t0.5\t{value}"
            f"\t{self._sensors[key].id}\t{source}\n"
        )

    def write(self) -> None:
        """Write them into the database: so many, one by one, would take it half a minute."""
        self._lines.seek(0)
        connection = db.session.connection().connection
        with connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY timed_belief (event_start, belief_horizon, cumulative_probability, event_value, sensor_id, source_id) FROM STDIN",
                self._lines,
            )


def add_counted(sensors: dict[str, Sensor], source: str) -> None:
    """Add what the meters have counted up to now, what it costs, and what they are expected to count."""
    values = Values(sensors, source)
    now = datetime.now(UTC)
    for day in days(now):
        weather = Day.of(day.date())
        add_prices(values, weather, day)
        add_day(values, weather, day, now)
    add_plans(values, now)
    values.write()


def add_plans(values: Values, now: datetime) -> None:
    """Add what was planned for the devices up to now, and how full they are now."""
    for key, habit in HABITS.items():
        share = 100 / habit.capacity if key == "ev" else 1
        for start in steps_since_yesterday(now, QUARTER, ahead=PLANNED_AHEAD):
            values.plan(f"{key}_power", start, habit.planned(start))
            level = habit.expected_level(start)
            values.plan(f"{key}_soc", start, round(level * share, 4))


def days(now: datetime) -> Iterator[datetime]:
    """Yield the midnights from the first of a month on, as far as forecasts go."""
    today = now.astimezone(TIME_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.year * 12 + today.month - 1 - MONTHS
    day = today.replace(year=month // 12, month=month % 12 + 1, day=1)
    while day < today + FORECAST:
        yield day
        day += timedelta(days=1)


def steps(day: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield the intervals of a local day, in UTC: some days have 23 or 25 hours."""
    start = day.astimezone(UTC)
    end = (day + timedelta(days=1)).astimezone(UTC)
    while start < end:
        yield start
        start += step


def add_prices(values: Values, weather: Day, day: datetime) -> None:
    """Add the prices of a day."""
    values.publish("meter_gas_price", day.astimezone(UTC), weather.gas_price())
    for start in steps(day, HOUR):
        hour = start.astimezone(TIME_ZONE).hour
        values.publish("meter_price", start, paid(weather, hour))
        values.publish("meter_feed_in", start, earned(weather, hour))


def paid(weather: Day, hour: int) -> float:
    """Return what a kWh from the grid costs, in EUR."""
    return round((weather.market_price(hour) + SUPPLIER + TAX) * VAT, 5)


def earned(weather: Day, hour: int) -> float:
    """Return what a kWh to the grid earns, in EUR; on a sunny noon it may cost."""
    return round(weather.market_price(hour) - SUPPLIER, 5)


def add_day(values: Values, weather: Day, day: datetime, now: datetime) -> None:
    """Add what a day's meters have counted, or are expected to."""
    costs: defaultdict[datetime, float] = defaultdict(float)
    earnings: defaultdict[datetime, float] = defaultdict(float)
    for start in steps(day, QUARTER):
        is_over = start + QUARTER <= now
        add = values.measure if is_over else values.forecast
        local = start.astimezone(TIME_ZONE)
        produced = round(weather.sun(start) / 4, 3)
        used = (weather.household(local) + devices_power(start)) / 4
        balance = round(used - produced, 3)
        from_grid, to_grid = max(balance, 0.0), max(-balance, 0.0)
        add("pv_meter", start, produced)
        add("meter_import", start, from_grid)
        add("meter_export", start, to_grid)
        if is_over:
            full_hour = start.replace(minute=0)
            costs[full_hour] += from_grid * paid(weather, local.hour)
            earnings[full_hour] += to_grid * earned(weather, local.hour)
    for start in steps(day, HOUR):
        is_over = start + HOUR <= now
        add = values.measure if is_over else values.forecast
        add("meter_gas", start, weather.gas(start.astimezone(TIME_ZONE).hour))
        if is_over:
            values.measure("meter_cost", start, round(costs[start], 6))
            values.measure("meter_earned", start, round(earnings[start], 6))
