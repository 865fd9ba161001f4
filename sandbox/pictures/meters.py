"""Meters: their form and pages, and the Energy dashboard."""

from collections.abc import Mapping

from ..demo.meters import ELECTRICITY, GAS, DemoMeter
from .camera import FORM, PAGE, PHONE, Camera

ENERGY_PAGE = (1200, 1200)
GAS_PAGE = (1200, 840)


async def take_pages(camera: Camera, ids: Mapping[DemoMeter, str]) -> None:
    """Take the form of a meter, filled in, and the pages of meters."""
    async with camera.window(FORM) as owner:
        await owner.go_to_integration()
        await owner.open_settings(ELECTRICITY.name)
        # The demo's server has forecasts already. Nothing is submitted.
        await owner.fill({"Daily forecast": True})
        await camera.dialog(owner.page, "meter_form")
    for name, meter, size in (
        ("meter", ELECTRICITY, PAGE),
        ("meter_phone", GAS, PHONE),
    ):
        await camera.page(name, f"config/devices/device/{ids[meter]}", "Sensors", size)


async def take_energy(camera: Camera) -> None:
    """Take a month of electricity and gas, and the sun that is expected today."""
    for name, path, text, size, period in (
        ("energy_electricity", "electricity", "Totals", ENERGY_PAGE, "this_month"),
        ("energy_gas", "gas", "Totals", GAS_PAGE, "this_month"),
        ("energy_phone", "overview", "Totals", PHONE, "this_month"),
        ("energy_solar", "electricity", "Solar production", PAGE, "today"),
    ):
        storage = {"energy-default-period-_energy_dashboard": period}
        await camera.page(name, f"energy/{path}", text, size, storage=storage)
