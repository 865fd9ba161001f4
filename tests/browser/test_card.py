"""The card that shows a plan, on a dashboard."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import json
import re
from typing import Any

from playwright.async_api import Page, Route, WebSocketRoute, expect
import pytest

from sandbox.browser.owner import PHONE
from sandbox.demo.devices import BATTERY, S2_BATTERY
from sandbox.demo.home import Progress, change_settings, configure
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.flow_steps import filled_in
from sandbox.home_assistant.instance import HomeAssistant
from sandbox.home_assistant.registry import device_id, entities_of

from .conftest import IN_BOTH_LOOKS, IN_BOTH_VERSIONS, PLAN_PAGE, Have, Show, Visit

PLAN_CARD = "custom:flexmeasures-plan-card"


@IN_BOTH_VERSIONS
@IN_BOTH_LOOKS
async def test_plan(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    size: tuple[int, int],
    *,
    is_dark: bool,
) -> None:
    """It is drawn, told in words, and another one is drawn at once."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(size, is_dark=is_dark)
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.get_by_role("heading", name="Home battery")).to_be_visible()
    await expect(card.locator("svg path.up")).to_have_attribute("d", re.compile("M"))
    await card.get_by_text("The plan in words").click()
    await expect(card.get_by_role("listitem").first).to_contain_text("kWh")
    await owner.check()

    slider = card.get_by_role("slider")
    now = await slider.get_attribute("aria-valuetext")
    assert now
    await slider.press("End")
    await expect(slider).not_to_have_attribute("aria-valuetext", now)
    end = await slider.get_attribute("aria-valuetext")
    assert end
    await slider.press("ArrowLeft")
    await expect(slider).not_to_have_attribute("aria-valuetext", end)

    entities = await entities_of(client, BATTERY)
    await client.post(
        "services/select/select_option",
        {"entity_id": entities["mode"], "option": "hold"},
    )
    await expect(card).to_contain_text("Hold")


@pytest.mark.parametrize(
    ("entity", "state", "attributes", "temperatures"),
    [
        pytest.param(
            "sensor.battery_level",
            "60",
            {"unit_of_measurement": "%", "device_class": "battery"},
            {},
            id="share",
        ),
        pytest.param(
            "water_heater.tank",
            "eco",
            {"current_temperature": 50},
            {"empty_temperature": 35, "full_temperature": 60},
            id="temperature",
        ),
    ],
)
async def test_level_in_another_unit(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    entity: str,
    state: str,
    attributes: dict[str, Any],
    temperatures: dict[str, Any],
) -> None:
    """What is measured is told in the unit of the plan."""
    await client.post(f"states/{entity}", {"state": state, "attributes": attributes})
    (account,) = await client.get("config/config_entries/entry?domain=flexmeasures")
    changes = {"soc_entity": entity, "capacity": 10, **temperatures}
    entry_id = account["entry_id"]
    step = await change_settings(client, entry_id, BATTERY, "level", **changes)
    if temperatures:
        # These are asked for once the entity is known.
        changes = filled_in(step["data_schema"], changes)
        await client.submit_subentry_flow(step["flow_id"], changes)
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit()
    await owner.go(PLAN_PAGE)

    card = owner.page.locator("flexmeasures-plan-card")

    await expect(card.locator(".readout .soc")).to_contain_text("6\u00a0kWh")


async def test_key_before_all_is_loaded(visit: Visit, show: Show, planned: str) -> None:
    """What answers to keys is loaded when it is needed, and no key is lost meanwhile."""
    pressed = asyncio.Event()

    async def wait(route: Route) -> None:
        await pressed.wait()
        await route.continue_()

    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit()
    await owner.page.route("**/cursor.js", wait)
    await owner.go(PLAN_PAGE)
    slider = owner.page.locator("flexmeasures-plan-card").get_by_role("slider")
    now = await slider.get_attribute("aria-valuetext")
    assert now
    await slider.press("End")
    pressed.set()
    await expect(slider).not_to_have_attribute("aria-valuetext", now)


async def test_what_a_card_needs_is_asked_for_at_once(
    visit: Visit, show: Show, planned: str
) -> None:
    """On a slow network it takes as many ways there and back as there must be."""
    asked = asyncio.Event()

    async def note(route: Route) -> None:
        asked.set()
        await route.continue_()

    async def wait(route: Route) -> None:
        await asked.wait()
        await route.continue_()

    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit()
    await owner.page.route("**/plan.js", note)
    await owner.page.route("**/card.js", wait)
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.get_by_role("slider")).to_be_attached()


async def test_touch(visit: Visit, show: Show, planned: str) -> None:
    """What a finger has chosen stays, also when the page is scrolled by the chart later."""
    # There must be something to scroll.
    await show(*[{"type": PLAN_CARD, "device_id": planned}] * 3)
    owner = await visit(PHONE)
    tools = await owner.page.context.new_cdp_session(owner.page)
    await tools.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    async def touch(*points: tuple[float, float]) -> None:
        for kind, (x, y) in zip(
            ("touchStart", *["touchMove"] * (len(points) - 1)), points, strict=True
        ):
            await tools.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": x, "y": y}]},
            )
        await tools.send(
            "Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []}
        )

    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card").first
    time = card.locator(".when span")
    box = await card.locator(".chart").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + 100

    await touch((x, y))
    await expect(time).not_to_contain_text("Now")
    first = await time.inner_text()
    await touch(*[(x + step, y) for step in range(0, 80, 8)])
    await expect(time).not_to_have_text(first)
    second = await time.inner_text()

    await touch(*[(x, y - step) for step in range(0, 200, 8)])
    await owner.page.wait_for_function("document.scrollingElement.scrollTop > 0")
    await expect(time).to_have_text(second)
    await card.get_by_role("button", name="Back to now").click()
    await expect(time).to_contain_text("Now")


async def test_no_plan_yet(
    visit: Visit, show: Show, battery: str, client: HomeAssistantClient
) -> None:
    """The reason is there, with the button that mends it."""
    await show({"type": PLAN_CARD, "device_id": await device_id(client, BATTERY)})
    owner = await visit(PHONE)
    await owner.go(PLAN_PAGE)

    card = owner.page.locator("flexmeasures-plan-card")
    # As the button is called.
    await expect(card.get_by_role("status").first).to_contain_text("press “Plan now”")
    await card.get_by_role("button", name="Plan now").click()

    await expect(card.get_by_text("The plan in words")).to_be_visible(timeout=30_000)


async def test_s2_device_that_is_away(
    visit: Visit,
    show: Show,
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
) -> None:
    """Nobody takes for done what it is to do."""
    await configure(client, server, Progress(), [S2_BATTERY.name])
    device = await device_id(client, S2_BATTERY)
    await show(
        {"type": PLAN_CARD, "device_id": device},
        badges=[{"type": "custom:flexmeasures-plan-badge", "device_id": device}],
    )
    owner = await visit(PHONE)
    await owner.go(PLAN_PAGE)

    card = owner.page.locator("flexmeasures-plan-card")
    await expect(card.get_by_role("status").first).to_contain_text("not connected")
    badge = owner.page.locator("flexmeasures-plan-badge")
    await expect(badge.locator(".wrong")).to_be_visible()
    await owner.check()


async def test_entity_that_comes_and_goes(
    visit: Visit, show: Show, planned: str, have: Have, client: HomeAssistantClient
) -> None:
    """That nobody measures how full it is is said, as long as that is so."""
    entity = "sensor.battery_level"
    level = {"unit_of_measurement": "%", "device_class": "battery"}
    await have(entity, "60", **level)
    (account,) = await client.get("config/config_entries/entry?domain=flexmeasures")
    await change_settings(
        client, account["entry_id"], BATTERY, "level", soc_entity=entity, capacity=10
    )
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(PHONE)
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    told = card.get_by_role("status").first
    await expect(card.locator(".readout .soc")).to_contain_text("6\u00a0kWh")
    await expect(told).to_be_empty()

    await client.delete(f"states/{entity}")

    await expect(told).to_contain_text("The state of charge is not available")

    await client.post(f"states/{entity}", {"state": "60", "attributes": level})

    await expect(told).to_be_empty()


async def test_device_that_is_gone(visit: Visit, show: Show, battery: str) -> None:
    """It is said, and nothing breaks."""
    await show({"type": PLAN_CARD, "device_id": "gone"})
    owner = await visit()
    await owner.go(PLAN_PAGE)

    await expect(owner.page.locator("flexmeasures-plan-card")).to_contain_text(
        "not there"
    )


type Changes = dict[str, Any]


@IN_BOTH_LOOKS
async def test_what_is_saved(
    visit: Visit, show: Show, planned: str, size: tuple[int, int], *, is_dark: bool
) -> None:
    """By the plan, and today as it was measured, which takes a quarter of an hour."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(size, is_dark=is_dark)
    ahead = {"against": "doing_nothing", "amount": 1.234, "stored_at": 0.2}
    await change_pictures(
        owner.page, {"saved": {"ahead": ahead, "today": 0.42}, "kind": "battery"}
    )
    await owner.go(PLAN_PAGE)

    sums = owner.page.locator("flexmeasures-plan-card .sums")
    await expect(sums).to_contain_text("The whole plan saves€1.23")
    await expect(sums).to_contain_text("Saved today€0.42")
    await expect(sums).to_contain_text(
        "against doing nothing. Energy left in the battery counts at €0.20/kWh."
    )
    await owner.check()


async def change_pictures(page: Page, *states: Changes) -> None:
    """Have the cards of a page be told something else than Home Assistant says: each the next state."""

    def relay(window: WebSocketRoute) -> None:
        server = window.connect_to_server()
        numbers: dict[int, int] = {}

        def send(message: str | bytes) -> None:
            told = json.loads(message)
            for each in told if isinstance(told, list) else [told]:
                event = each.get("event")
                if isinstance(event, dict) and "soc_unit" in event:
                    number = numbers.setdefault(each["id"], len(numbers))
                    changes = states[number % len(states)]
                    event.update(changes, is_ordinary=not changes)
            window.send(json.dumps(told))

        server.on_message(send)

    await page.route_web_socket("**/api/websocket", relay)


async def use_language(client: HomeAssistantClient, page: Page, language: str) -> None:
    """Have a language in the owner's profile, and in this browser."""
    await client.command(
        "frontend/set_user_data",
        key="language",
        value={
            "language": language,
            "number_format": "language",
            "time_format": "12",
            "date_format": "language",
            "first_weekday": "language",
            "time_zone": "server",
        },
    )
    await page.add_init_script(
        f"localStorage.setItem('selectedLanguage', '{json.dumps(language)}')"
    )


@pytest.fixture
async def no_language(client: HomeAssistantClient) -> AsyncIterator[None]:
    """Have the profile as it was before."""
    yield
    await client.command("frontend/set_user_data", key="language", value=None)


def _states(now: datetime) -> dict[str, Changes]:
    """Return what there can be to say, by the English words for it; nothing of the last ones."""
    soon = (now + timedelta(hours=1)).isoformat()
    since = (now - timedelta(hours=2)).isoformat()
    status = {"text": "", "detail": None, "is_ok": False, "since": since}
    over = {"start": since, "step": 900, "values": [1, 2]}
    one = {"start": now.isoformat(), "step": 3600, "values": [2.5]}
    target = {"at": soon, "soc": 9, "met": False, "missed_by": 3}
    nothing = {"power": None, "soc": None, "setpoint": None}
    return {
        "No plan yet": nothing | {"status": {**status, "key": "not_scheduled"}},
        "Computing": {"status": {**status, "key": "computing"}},
        "The plan is out of date": {"is_out_of_date": True},
        "The plan has ended": {**nothing, "power": over},
        "has not answered since": {
            "server_answers": False,
            "status": {**status, "key": "cannot_connect"},
        },
        "will be missed": {"targets": [target]},
        "Set by hand: discharge 2": {"override": {"power": -2, "until": soon}},
        "Mode: Hold": {"mode": "hold", "setpoint": 0},
        "not connected": {"is_connected": False},
        "": {"level": "none", "soc": None, "kind": "other"},
        " ": {"prices": None},
        "  ": {"power": one, "soc": None, "setpoint": 2.5},
    }


@pytest.mark.usefixtures("no_language")
@pytest.mark.parametrize(
    ("language", "is_dark"),
    [("en", False), ("nl", True), ("de", False), ("fr", True), ("es", False)],
)
async def test_states(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    language: str,
    *,
    is_dark: bool,
) -> None:
    """Each has a face that fits the smallest phone, a tablet and a wall, in each language."""
    states = _states(datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    await show(*[{"type": PLAN_CARD, "device_id": planned}] * len(states))
    owner = await visit((320, 800), is_dark=is_dark)
    await use_language(client, owner.page, language)
    await change_pictures(owner.page, *states.values())
    await owner.go(PLAN_PAGE)
    told = owner.page.locator("flexmeasures-plan-card [role=status] > div")
    said = [words for words in states if words.strip()]

    await expect(told).to_have_count(len(said))
    texts = "\n".join(await told.all_inner_texts())
    assert not re.search(r"\b(undefined|null|NaN)\b|{", texts)
    if language == "en":
        assert [words for words in said if words not in texts] == []
    await owner.check()
    for width in (600, 2000):
        await owner.page.set_viewport_size({"width": width, "height": 1000})
        await expect(told).to_have_count(len(said))
        assert not await owner.overflowing()


async def test_plan_that_has_ended(visit: Visit, show: Show, planned: str) -> None:
    """The cure is there, as where there was no plan yet."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(PHONE)
    start = datetime.now(UTC) - timedelta(hours=2)
    power = {"start": start.isoformat(), "step": 900, "values": [1, 2]}
    ended = {"power": power, "soc": None, "setpoint": None}
    await change_pictures(owner.page, ended)
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")

    await expect(card.get_by_role("status").first).to_contain_text("The plan has ended")
    await expect(card.get_by_role("button", name="Plan now")).to_be_enabled()
    await expect(card.get_by_text("The plan in words")).to_be_hidden()
    await owner.check()


async def test_all_that_is_drawn_is_named(
    visit: Visit, show: Show, planned: str
) -> None:
    """The values beside the chart are its legend: prices for both directions, and the next target."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(PHONE)
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    prices = {
        "currency": "SEK",
        "consumption": {"fixed": -0.5},
        "production": {"fixed": 0.25},
    }
    targets = [{"at": at, "soc": 6, "met": True, "missed_by": None}]
    await change_pictures(owner.page, {"prices": prices, "targets": targets})
    await owner.go(PLAN_PAGE)
    legend = owner.page.locator("flexmeasures-plan-card .readout")

    await expect(legend.locator(".target")).to_contain_text("Target6\u00a0kWh, ")
    await expect(legend.locator(".feedin")).to_contain_text("Feed-in price")
    price = legend.locator(".price dd")
    await expect(price).to_have_text(re.compile("\N{MINUS SIGN}kr\\s?0.50/kWh"))
    first_letter = (
        "element => getComputedStyle(element, '::first-letter').textTransform"
    )
    assert await price.evaluate(first_letter) == "none"
    await owner.check()


@pytest.mark.parametrize("rows", ["auto", 4, 9], ids=str)
@pytest.mark.parametrize("width", [320, 1280])
async def test_smallest_size(
    visit: Visit, show: Show, planned: str, rows: int | str, width: int
) -> None:
    """In half of a section the card fits, and what has no room can be scrolled to."""
    small = {
        "type": PLAN_CARD,
        "device_id": planned,
        "grid_options": {"columns": 6, "rows": rows},
    }
    await show(type="sections", sections=[{"type": "grid", "cards": [small]}])
    owner = await visit((width, 900))
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")

    least = await card.evaluate("element => element.getGridOptions()")
    assert least["min_columns"] == 6
    assert rows == "auto" or rows >= least["min_rows"]
    chart = card.locator("svg")
    await expect(chart).to_be_visible()
    assert not await owner.overflowing()
    # Labels are not upon each other, nor cut off.
    places = await chart.evaluate(
        """svg => [...svg.querySelectorAll('text:is(.day, .middle)')]
            .map(text => text.getBoundingClientRect()).map(({left, right}) => [left, right])
            .sort(([a], [b]) => a - b)"""
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    box, axis = await card.bounding_box(), await chart.bounding_box()
    assert box
    assert axis
    assert axis["x"] + axis["width"] <= box["x"] + box["width"]
    assert axis["width"] > 100
    words = card.get_by_text("The plan in words")
    await words.scroll_into_view_if_needed()
    await words.click()
    await card.get_by_role("listitem").last.scroll_into_view_if_needed()
    await expect(card.get_by_role("listitem").last).to_be_in_viewport()


async def test_chart_stays_where_it_is(visit: Visit, show: Show, planned: str) -> None:
    """Also where values are as long as two lines at one time, and short at another."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit((320, 800))
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    target = {"at": at, "soc": 1234567.8, "met": True, "missed_by": None}
    await change_pictures(owner.page, {"targets": [target]})
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    slider, time = card.get_by_role("slider"), card.locator(".when span")
    target_shown = card.locator(".readout .target dd")

    await slider.press("Home")
    await expect(time).not_to_contain_text("Now")
    before = await card.locator(".chart").bounding_box()
    await slider.press("End")
    await expect(target_shown).to_have_text("\N{EN DASH}")

    assert await card.locator(".chart").bounding_box() == before
    await slider.press("Escape")
    await expect(time).to_contain_text("Now")


@pytest.mark.usefixtures("no_language")
@pytest.mark.parametrize("language", ["he", "ar", "fa"])
async def test_right_to_left(
    visit: Visit,
    show: Show,
    planned: str,
    client: HomeAssistantClient,
    language: str,
) -> None:
    """Where there are no texts in the user's language, numbers and days are read as a part of those that there are."""
    await show({"type": PLAN_CARD, "device_id": planned})
    owner = await visit(PHONE)
    await use_language(client, owner.page, language)
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    await card.get_by_text("The plan in words").click()
    line = card.get_by_role("listitem").first.locator("span").first
    await expect(line).to_contain_text("kWh")

    assert await card.evaluate("element => element.matches(':dir(rtl)')")
    # As they are seen, words and numbers are in the order in which they are read.
    lefts = await line.evaluate(
        """span => {
          const text = span.firstChild;
          return [...text.data.matchAll(/[^\\s,]+/g)].map(({index, 0: {length}}) => {
            const range = document.createRange();
            range.setStart(text, index);
            range.setEnd(text, index + length);
            return range.getClientRects()[0].left;
          });
        }"""
    )
    assert lefts == sorted(lefts)
    text = await card.locator("section").inner_text()
    assert re.search("AM|PM", text)
    assert not re.search("[\u0590-\u05ff\u200e\u200f]", text)
    await owner.check()
