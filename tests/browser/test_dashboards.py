"""The dashboard, its views and the section that are made from what there is."""

from playwright.async_api import Locator, expect

from sandbox.browser.owner import Owner
from sandbox.demo.devices import BATTERY, CAR
from sandbox.demo.home import Progress, configure
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant
from sandbox.home_assistant.registry import entities_of

from .conftest import IN_BOTH_LOOKS, PLAN_PAGE, Show, Visit

STRATEGY = "custom:flexmeasures"
NOTE = "Look **here** first"


async def views(client: HomeAssistantClient, *device_ids: str) -> None:
    """Have the page be made up of views of devices, after that of the home with a note."""
    strategies = [
        {"note": NOTE},
        *({"device_id": device_id} for device_id in device_ids),
    ]
    await client.command(
        "lovelace/config/save",
        url_path=PLAN_PAGE,
        config={
            "views": [{"strategy": {"type": STRATEGY, **each}} for each in strategies]
        },
    )


def heading(owner: Owner, text: str) -> Locator:
    """Return the heading of a section."""
    return owner.page.locator("hui-heading-card").filter(has_text=text)


async def test_add_dashboard(
    visit: Visit, planned: str, client: HomeAssistantClient
) -> None:
    """It is among those that can be added, and has a view of each device."""
    owner = await visit()
    await owner.go("config/lovelace/dashboards")
    await owner.press("Add dashboard")
    offered = owner.page.locator("dashboard-card").filter(has_text="FlexMeasures")
    await offered.click()
    await owner.press("Create")
    row = owner.page.get_by_role("rowheader", name="FlexMeasures")
    await expect(row).to_be_visible()

    try:
        await owner.go("dashboard-flexmeasures")
        await expect(owner.page.locator("flexmeasures-plan-badge")).to_be_visible()
        await expect(heading(owner, BATTERY.name)).to_be_visible()
        await owner.page.get_by_role("tab", name=BATTERY.name).click()
        await expect(heading(owner, "Controls")).to_be_visible()
    finally:
        for dashboard in await client.command("lovelace/dashboards/list"):
            if dashboard["url_path"] == "dashboard-flexmeasures":
                await client.command(
                    "lovelace/dashboards/delete", dashboard_id=dashboard["id"]
                )


@IN_BOTH_LOOKS
async def test_views(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    size: tuple[int, int],
    *,
    is_dark: bool,
) -> None:
    """The home and a device fit the screen, and what is set in them is set."""
    await views(client, planned)
    owner = await visit(size, is_dark=is_dark)
    await owner.go(f"{PLAN_PAGE}/0")
    await expect(owner.page.locator("flexmeasures-plan-badge")).to_be_visible()
    await owner.read("Look here first")
    await owner.check()

    await owner.go(f"{PLAN_PAGE}/1")
    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.get_by_role("slider")).to_be_attached()
    for name in ("Controls", "Status", "Calendar"):
        await expect(heading(owner, name)).to_be_visible()
    await owner.check()
    # Nobody has said by when.
    await owner.page.get_by_role("button", name="Set", exact=True).click()
    hour = owner.page.get_by_role("spinbutton", name="hh")
    await expect(hour).to_be_visible()
    await owner.page.keyboard.press("Escape")
    await expect(hour).to_be_hidden()
    entities = await entities_of(client, BATTERY)
    await client.post(
        "services/select/select_option",
        {"entity_id": entities["mode"], "option": "hold"},
    )
    await expect(card).to_contain_text("Hold")


async def test_device_is_added(
    visit: Visit,
    show: Show,
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
) -> None:
    """Without a device it is said what to do; a device is there when it is added."""
    await configure(client, server, Progress(), [])
    await views(client)
    owner = await visit()
    await owner.go(PLAN_PAGE)
    await owner.read("Nothing is planned here yet.")
    await owner.check()

    for entry in await client.command("config_entries/get", domain="flexmeasures"):
        await client.delete(f"config/config_entries/entry/{entry['entry_id']}")
    await configure(client, server, Progress(), [CAR.name])
    await expect(heading(owner, CAR.name)).to_be_visible()


async def test_section(visit: Visit, show: Show, planned: str) -> None:
    """It is among the automatic sections, with a preview, and asks for its device."""
    await show(type="sections", sections=[{"type": "grid", "cards": []}])
    owner = await visit()
    await owner.go(f"{PLAN_PAGE}?edit=1")
    await owner.press("Create section")
    await owner.page.get_by_text("Automatic section").click()
    offered = owner.page.get_by_role("button", name="FlexMeasures", exact=True)
    await expect(offered.locator("flexmeasures-plan-card")).to_contain_text("Planned")
    await offered.click(position={"x": 20, "y": 20})
    await expect(owner.page.get_by_label("Device")).to_have_value(planned)
    await owner.press("Save")
    await expect(heading(owner, BATTERY.name)).to_be_visible()
