"""Who follows a device: what is asked, and what is said of it."""

from playwright.async_api import expect

from sandbox.browser.owner import PHONE, Owner

from .conftest import Have, Visit


async def choose_inverter(owner: Owner, battery: str, have: Have, most: int) -> None:
    """Have a number of an inverter follow the battery, with checked forms."""
    await have(
        "number.inverter_power",
        "0",
        friendly_name="Inverter power",
        min=-most,
        max=most,
        step=1,
        unit_of_measurement="W",
    )
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


async def test_dry_run(visit: Visit, planned: str, battery: str, have: Have) -> None:
    """A few choices behind the gear; the page of the device says what would be written."""
    owner = await visit(PHONE)
    await choose_inverter(owner, battery, have, 5000)

    await owner.go_to_device(battery)
    await owner.expect_state("Following the plan", "Dry run: nothing is written")
    await expect(
        owner.page.get_by_role("switch", name="Hand over control")
    ).not_to_be_checked()


async def test_plan_beyond_the_range(
    visit: Visit, planned: str, battery: str, have: Have
) -> None:
    """A repair says that less is done than planned, and opens what follows."""
    owner = await visit(PHONE)
    await choose_inverter(owner, battery, have, 1000)

    await owner.go("config/repairs")
    await owner.page.get_by_text(f"{battery}: plan beyond range").click()
    await owner.read("which is beyond the range of Inverter power")
    await owner.submit()
    await owner.read("The number that takes the power")
    await owner.at("A number with the power")
    assert await owner.value("Power") == "Inverter power"
