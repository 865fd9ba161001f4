"""The examples of docs/dashboard.md with cards that are not ours, pasted as they are."""

from datetime import datetime
from itertools import groupby
from pathlib import Path
import re
from textwrap import dedent, indent
from typing import Any

from playwright.async_api import Page, expect
import pytest

from sandbox.browser.owner import Owner
from sandbox.demo.devices import BATTERY
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.registry import DOMAIN, entities_of

from .conftest import PLAN_PAGE, Show, Visit

_GUIDE = Path(__file__).parents[2] / "docs" / "dashboard.md"


def example(card: str) -> str:
    """Return the YAML that the guide has for a type of card."""
    page = _GUIDE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"```yaml\n(type: {card}\n.*?)```", page, re.DOTALL)
    return str(found)


def generators(card: str) -> dict[str, str]:
    """Return the JavaScript in an example, by the entity that it reads."""
    series = re.findall(
        r"- entity: (\S+)\n(?: {4}\w+: .*\n)*? {4}data_generator: \|\n((?: {6}.*\n)+)",
        example(card),
    )
    return {entity: dedent(code) for entity, code in series}


async def paste(owner: Owner, card: str) -> None:
    """Paste an example into the dashboard's own editor, and save it."""
    page = owner.page
    await owner.go(f"{PLAN_PAGE}/0?edit=1")
    await page.get_by_role("button", name="Open dashboard menu").click()
    await page.get_by_text("Raw configuration editor").click()
    editor = page.locator("hui-editor").get_by_role("textbox")
    await editor.click()
    await page.keyboard.press("ControlOrMeta+A")
    inner = indent(example(card), " " * 10).lstrip()
    await page.keyboard.insert_text(
        f"views:\n  - title: Plan\n    cards:\n        - {inner}"
    )
    await page.locator("hui-editor").get_by_role("button", name="Save").click()
    await owner.go(PLAN_PAGE)


@pytest.fixture
async def plan(client: HomeAssistantClient, planned: str) -> list[dict[str, Any]]:
    """The plan of the battery, whose entities with the whole plan are enabled."""
    entities = await entities_of(client, BATTERY)
    for key in ("schedule", "soc_forecast"):
        await client.command(
            "config/entity_registry/update", entity_id=entities[key], disabled_by=None
        )
    (account,) = await client.get(f"config/config_entries/entry?domain={DOMAIN}")
    await client.post(f"config/config_entries/entry/{account['entry_id']}/reload")
    state = await client.state(entities["schedule"])
    slots: list[dict[str, Any]] = state["attributes"]["schedule"]
    return slots


async def test_calendar(visit: Visit, show: Show, planned: str) -> None:
    """It lists the blocks of the plan."""
    await show()
    owner = await visit()
    await paste(owner, "calendar")

    card = owner.page.locator("hui-calendar-card")
    await expect(card).to_contain_text("Plan of the battery")
    await expect(card.get_by_text(f"{BATTERY.name}: charge").first).to_be_visible()


async def test_table(visit: Visit, show: Show, plan: list[dict[str, Any]]) -> None:
    """It has a line for each change of the plan that is still to come."""
    await show()
    owner = await visit()
    await paste(owner, "markdown")

    rows = owner.page.locator("hui-markdown-card tbody tr")
    await expect(rows.first).to_be_visible()
    shown = [re.split(r"\s*\t\s*", row) for row in await rows.all_inner_texts()]
    changes = [
        next(group) for _, group in groupby(plan, lambda slot: round(slot["value"], 2))
    ]
    # The first one is what goes on now, since when ever.
    assert shown[1:] == [
        [
            f"{datetime.fromisoformat(slot['start']):%a %H:%M}",
            f"{round(slot['value'], 2)} kW",
        ]
        for slot in changes[-len(shown) + 1 :]
    ]
    assert len(shown) > 1


async def test_chart(visit: Visit, show: Show, plan: list[dict[str, Any]]) -> None:
    """What makes the lines of apexcharts-card makes them of the plan, and of nothing where there is none."""
    await show()
    owner = await visit()
    await owner.go(PLAN_PAGE)
    made = generators("custom:apexcharts-card")
    entities = ["schedule", "state_of_charge_forecast"]
    assert [*made] == [f"sensor.home_battery_{entity}" for entity in entities]
    power, stored = [
        await _generated(owner.page, entity, code) for entity, code in made.items()
    ]

    last = plan[-1]
    assert power == [
        *([_milliseconds(slot["start"]), slot["value"]] for slot in plan),
        [_milliseconds(last["end"]), last["value"]],
    ]
    # From the running slot on, and what is left at the end.
    assert len(stored) > 1
    assert [at for at, _ in stored] == [at for at, _ in power][-len(stored) :]
    assert all(0 <= value <= 10 for _, value in stored)
    assert [
        await _generated(owner.page, "sun.sun", code) for code in made.values()
    ] == [
        [],
        [],
    ]


async def _generated(page: Page, entity: str, code: str) -> list[list[float]]:
    """Run JavaScript as that card does."""
    made: list[list[float]] = await page.evaluate(
        """([id, code]) => {
          const { hass } = document.querySelector('home-assistant');
          const AsyncFunction = (async () => {}).constructor;
          const run = new AsyncFunction('entity', 'start', 'end', 'hass', 'moment', `'use strict'; ${code}`);
          return run(hass.states[id], new Date(), new Date(), hass);
        }""",
        [entity, code],
    )
    return made


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
