"""What is ordered for each kind of device."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.flows.device.settings_form import S2_SENSOR_UNITS
from custom_components.flexmeasures.flows.home.making.devices import (
    Battery,
    Car,
    Device,
    Heat,
    Kind,
    Other,
    S2Device,
    Solar,
    heat_kwh,
    site_order,
)
from custom_components.flexmeasures.flows.home.making.order import (
    AssetOrder,
    SensorOrder,
)

POWER = SensorOrder("power", "kW", timedelta(minutes=15), consumption_is_positive=True)
LEVEL = SensorOrder("level", "kWh", timedelta(0))
STORAGE: dict[str, Any] = {
    "state-of-charge": {"sensor": "level", "exclude-source-types": ["scheduler"]},
    "consumption": {"sensor": "power"},
}


@pytest.mark.parametrize(
    ("device", "kind", "asset_type", "flex_model"),
    [
        (
            Battery(key="key", name="Device", capacity_kwh=10, power_kw=5),
            Kind.BATTERY,
            "battery",
            {
                "soc-min": "1.0 kWh",
                "soc-max": "10 kWh",
                "power-capacity": "5 kW",
                "roundtrip-efficiency": "90%",
            },
        ),
        (
            Battery(
                key="key",
                name="Device",
                capacity_kwh=5.12,
                power_kw=0.8,
                lowest_share=0.05,
                roundtrip_efficiency=0.875,
            ),
            Kind.BATTERY,
            "battery",
            {
                "soc-min": "0.256 kWh",
                "soc-max": "5.12 kWh",
                "power-capacity": "0.8 kW",
                "roundtrip-efficiency": "87.5%",
            },
        ),
        (
            Car(key="key", name="Device", capacity_kwh=60.0, power_kw=11.0),
            Kind.CAR,
            "one-way_evse",
            {
                "soc-min": "0.0 kWh",
                "soc-max": "60.0 kWh",
                "power-capacity": "11.0 kW",
                "production-capacity": "0 kW",
                "charging-efficiency": "90%",
            },
        ),
        (
            Car(
                key="key", name="Device", capacity_kwh=60, power_kw=11, discharges=True
            ),
            Kind.CAR,
            "two-way_evse",
            {
                "soc-min": "12.0 kWh",
                "soc-max": "60 kWh",
                "power-capacity": "11 kW",
                "charging-efficiency": "90%",
                "discharging-efficiency": "90%",
            },
        ),
        (
            Heat(key="key", name="Device", capacity_kwh=8, power_kw=2),
            Kind.HEAT,
            "heat-storage",
            {
                "soc-min": "0.0 kWh",
                "soc-max": "8 kWh",
                "power-capacity": "2 kW",
                "production-capacity": "0 kW",
                "charging-efficiency": "300%",
            },
        ),
        (
            Heat(
                key="key",
                name="Device",
                capacity_kwh=8,
                power_kw=2,
                cop=1,
                daily_use_kwh=10,
                daily_loss=0.1,
            ),
            Kind.HEAT,
            "heat-storage",
            {
                "soc-min": "0.0 kWh",
                "soc-max": "8 kWh",
                "power-capacity": "2 kW",
                "production-capacity": "0 kW",
                "charging-efficiency": "100%",
                "soc-usage": ["0.416667 kW"],
                # 0.9 after the 96 quarters of a day.
                "storage-efficiency": "99.8903%",
            },
        ),
        (
            Other(key="key", name="Device", capacity_kwh=3, power_kw=1),
            Kind.OTHER,
            "battery",
            {
                "soc-min": "0.0 kWh",
                "soc-max": "3 kWh",
                "power-capacity": "1 kW",
                "production-capacity": "0 kW",
            },
        ),
        (
            Other(
                key="key", name="Device", capacity_kwh=3, power_kw=1, discharges=True
            ),
            Kind.OTHER,
            "battery",
            {"soc-min": "0.0 kWh", "soc-max": "3 kWh", "power-capacity": "1 kW"},
        ),
    ],
)
def test_what_stores_energy(
    device: Device, kind: Kind, asset_type: str, flex_model: dict[str, Any]
) -> None:
    assert device.kind is kind
    assert device.order() == AssetOrder(
        "key",
        "Device",
        asset_type,
        {"power": POWER, "level": LEVEL},
        flex_model | STORAGE,
    )


def test_solar() -> None:
    """What could be produced is not where the plan is written to."""
    panels = Solar(key="key", name="Roof", peak_kw=4.2)

    assert panels.kind is Kind.SOLAR
    assert panels.order() == AssetOrder(
        "key",
        "Roof",
        "solar",
        {
            "power": POWER,
            "production": SensorOrder("production", "kW", timedelta(minutes=15)),
        },
        {
            "power-capacity": "4.2 kW",
            "consumption-capacity": "0 kW",
            "production-capacity": {"sensor": "production", "default": "0 kW"},
            "consumption": {"sensor": "power"},
        },
    )


def test_s2() -> None:
    """It has a sensor for each setting, in a unit that the setting takes."""
    device = S2Device(key="key", name="Device")
    order = device.order()

    assert device.kind is Kind.S2
    assert set(order.sensors) == {"power", "level", *S2_SENSOR_UNITS}
    for key, units in S2_SENSOR_UNITS.items():
        assert units.fullmatch(order.sensors[key].unit)
    names = [sensor.name for sensor in order.sensors.values()]
    assert len(set(names)) == len(names)
    assert order.flex_model == STORAGE | {
        "consumption-capacity": "0 kW",
        "production-capacity": "0 kW",
    }


def test_site() -> None:
    assert site_order("site", "Home") == AssetOrder(
        "site", "Home", "building", {}, {"power-capacity": "0 kW"}
    )


def test_heat_of_water() -> None:
    """A tank of 200 litres between 40 and 60 °C."""
    assert heat_kwh(200, 20) == pytest.approx(4.652)
