"""Who follows a device: what is asked, and what is said of it."""

from playwright.async_api import expect

from sandbox.browser.owner import PHONE

from .conftest import Have, Visit


async def test_dry_run(visit: Visit, planned: str, battery: str, have: Have) -> None:
    """A few choices behind the gear; the page of the device says what would be written."""
    await have(
        "number.inverter_power",
        "0",
        friendly_name="Inverter power",
        min=-5000,
        max=5000,
        step=1,
        unit_of_measurement="W",
    )
    owner = await visit(PHONE)
    await owner.go_to_integration()
    await owner.open_settings(battery)
    await owner.choose("Who follows?")
    await owner.at("Who follows the plan?")
    await owner.check()
    await owner.choose("A number with the power")
    await owner.at("A number with the power")
    await owner.check()
    await owner.fill({"Power": "Inverter power"})
    await owner.submit()
    await owner.finish()

    await owner.go_to_device(battery)
    await owner.expect_state("Following the plan", "Dry run: nothing is written")
    await expect(
        owner.page.get_by_role("switch", name="Hand over control")
    ).not_to_be_checked()
