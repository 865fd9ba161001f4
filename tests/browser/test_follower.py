"""Who follows a device: what is asked, what is said of it, and what is written."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import re
from typing import Any

from playwright.async_api import Locator, expect
import pytest

from sandbox.browser.owner import DESKTOP, PHONE, Owner
from sandbox.demo.devices import BATTERY
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.flow_steps import filled_in
from sandbox.home_assistant.registry import DOMAIN, subentry_id

from .conftest import IN_BOTH_VERSIONS, PLAN_PAGE, Have, Show, Visit
from .test_card import PLAN_CARD, Changes, change_pictures, no_language, use_language

__all__ = ["no_language"]

INVERTER = "input_number.inverter_power"
UNTOUCHED = 777


@pytest.fixture
async def inverter(client: HomeAssistantClient) -> AsyncIterator[None]:
    """A helper that takes the power as an inverter does, and is gone after the test."""
    helper = await client.command(
        "input_number/create",
        name="Inverter power",
        min=-5000,
        max=5000,
        step=1,
        initial=UNTOUCHED,
        mode="box",
        unit_of_measurement="W",
    )
    yield
    await client.command("input_number/delete", input_number_id=helper["id"])


async def follow(owner: Owner, battery: str) -> None:
    """Choose the helper behind the gear of the device."""
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


async def follow_unseen(client: HomeAssistantClient) -> None:
    """Choose the same without a browser."""
    (account,) = await client.get(f"config/config_entries/entry?domain={DOMAIN}")
    entry_id = account["entry_id"]
    submit = client.submit_subentry_flow
    step = await client.start_subentry_flow(
        entry_id, "device", subentry_id=await subentry_id(client, entry_id, BATTERY)
    )
    for chosen in ("follower", "follower_power"):
        step = await submit(step["flow_id"], {"next_step_id": chosen})
    fields = filled_in(step["data_schema"], {"entity": INVERTER})
    await submit(step["flow_id"], fields)


async def override(
    client: HomeAssistantClient, device: str, power: float | None
) -> None:
    """Have another power than the plan's, whatever that is."""
    await client.post(
        f"services/{DOMAIN}/override",
        {"device_id": device, "power": power, "duration": {"hours": 1}},
    )


async def power(client: HomeAssistantClient) -> float:
    """Return what the inverter has."""
    return float((await client.get(f"states/{INVERTER}"))["state"])


def line_of(card: Locator) -> Locator:
    """Return what a card says of following."""
    return card.locator(".follower [role=status]")


async def test_from_dry_run_to_handing_back(
    visit: Visit,
    show: Show,
    planned: str,
    battery: str,
    inverter: None,
    client: HomeAssistantClient,
) -> None:
    """Nothing is written before control is handed over, and the card says what is, and what would be."""
    await override(client, planned, 1.25)
    await show({"type": PLAN_CARD, "device_id": planned, "show_controls": True})
    owner = await visit(PHONE)
    await follow(owner, battery)

    await owner.go_to_device(battery)
    await owner.expect_state("Following the plan", "Dry run: nothing is written")
    on_page = owner.page.get_by_role("switch", name="Hand over control")
    await expect(on_page).not_to_be_checked()
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    line, hand = line_of(card), card.get_by_role("switch", name="Hand over control")
    await expect(line).to_have_text("Dry run: would set Inverter power to 1,250 W")
    await expect(hand).not_to_be_checked()
    assert await power(client) == UNTOUCHED

    await hand.click()
    await expect(line).to_have_text("Followed: set Inverter power to 1,250 W")
    await expect(hand).to_be_checked()
    assert await power(client) == 1250

    await hand.click()
    await expect(line).to_contain_text("Dry run")
    await expect(hand).not_to_be_checked()
    assert await power(client) == 0

    await hand.click()
    await expect(line).to_contain_text("Followed")
    await client.post(
        "services/input_number/set_value", {"entity_id": INVERTER, "value": 55}
    )
    await expect(line).to_contain_text("by hand: left alone until")
    assert await power(client) == 55
    # What is wanted of the plan is newer than what was done by hand.
    await override(client, planned, -2)
    await expect(line).to_have_text("Followed: set Inverter power to -2,000 W")

    await card.get_by_text("What was decided").click()
    decisions = card.locator(".follower li")
    await expect(decisions).to_have_count(7)
    told = await decisions.all_inner_texts()
    marks = ["Set", "else", "Set", "Dry run", "Set", "Set", "Dry run"]
    for mark, each in zip(marks, told, strict=True):
        assert mark in each
    await owner.check()


@IN_BOTH_VERSIONS
async def test_decisions_by_keyboard(
    visit: Visit,
    show: Show,
    planned: str,
    inverter: None,
    client: HomeAssistantClient,
) -> None:
    """They are loaded when they are opened, go on while they are, and can be scrolled."""
    loaded: list[str] = []
    await override(client, planned, 1)
    await show({"type": PLAN_CARD, "device_id": planned})
    await follow_unseen(client)
    owner = await visit(DESKTOP)
    owner.page.on("request", lambda request: loaded.append(request.url))
    await owner.go(PLAN_PAGE)
    card = owner.page.locator("flexmeasures-plan-card")
    await expect(line_of(card)).to_contain_text("Dry run")
    # It writes: not by accident.
    await expect(card.get_by_role("switch")).to_be_hidden()
    await owner.check()
    summary = card.locator(".follower summary")
    assert not [url for url in loaded if "decisions.js" in url]

    await summary.focus()
    await owner.page.keyboard.press("Enter")

    decisions = card.locator(".follower li")
    await expect(decisions).to_have_count(1)
    await expect(decisions).to_contain_text("An override is in force.")
    assert [url for url in loaded if "decisions.js" in url]
    await override(client, planned, 2)
    await expect(decisions).to_have_count(2)
    await expect(decisions.first).to_contain_text("Inverter power to 2,000 W")
    await owner.page.keyboard.press("Tab")
    await expect(card.locator(".follower ol")).to_be_focused()
    await owner.check()
    await summary.press("Enter")
    await expect(decisions.first).to_be_hidden()


def _decision(at: datetime, why: str, value: float | None, **other: Any) -> Changes:
    writes = [] if value is None else [{"entity": INVERTER, "value": value}]
    setpoint = None if value is None else value / 1000
    return {
        "at": at.isoformat(),
        "setpoint": setpoint,
        "why": why,
        "writes": writes,
        "is_dry": False,
        **other,
    }


def _states(now: datetime) -> dict[str, Changes]:
    """Return how following can go, by the English words for it; the first one with all that can be decided."""
    dry = _decision(now, "plan", 3200, is_dry=True)
    common: Changes = {
        "is_in_control": True,
        "detail": None,
        "by_hand_until": None,
        "waits_for": [],
        "last": _decision(now, "plan", -1500),
    }
    until = (now + timedelta(hours=1)).isoformat()
    problem = "Inverter power does not take what is written to it. Look whether the device is on and may be controlled."
    two = [{"entity": INVERTER, "value": each} for each in (0, 3200)]
    decisions = [
        dry,
        *(
            _decision(now - timedelta(hours=hours), why, value)
            for hours, (why, value) in enumerate(
                {
                    "by_hand": None,
                    "override": 2500,
                    "hold": 0,
                    "no_plan": 0,
                    "mode_off": 0,
                    "handed_back": 0,
                    "stopped": 0,
                }.items()
            )
        ),
        _decision(now - timedelta(days=1), "plan", 3200, writes=two),
    ]
    return {
        "Dry run": {
            "follower": {"state": "dry_run", **common, "last": dry},
            "decisions": decisions,
        },
        "Followed": {"follower": {"state": "following", **common}},
        "At rest": {
            "follower": {
                "state": "resting",
                **common,
                "last": _decision(now, "no_plan", 0),
            }
        },
        "left alone until": {
            "follower": {"state": "by_hand", **common, "by_hand_until": until}
        },
        "Waiting for Inverter power": {
            "follower": {"state": "waiting", **common, "waits_for": [INVERTER]}
        },
        "cannot be followed": {
            "follower": {"state": "failing", **common, "detail": problem}
        },
        "Nothing has been decided": {
            "follower": {"state": "dry_run", **common, "last": None},
            "power": None,
            "soc": None,
            "prices": None,
        },
    }


@pytest.mark.usefixtures("inverter", "no_language")
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
    """Each has a line that fits the smallest phone, and each decision says when and why, in each language."""
    states = _states(datetime.now(UTC))
    await show(*[{"type": PLAN_CARD, "device_id": planned}] * len(states))
    owner = await visit((320, 800), is_dark=is_dark)
    await use_language(client, owner.page, language)
    await change_pictures(owner.page, *states.values())
    await owner.go(PLAN_PAGE)
    cards = owner.page.locator("flexmeasures-plan-card")
    lines = line_of(cards)
    await expect(lines).to_have_count(len(states))
    decisions = cards.first.locator(".follower li")

    await cards.first.locator(".follower summary").click()

    # The subscription of the list is told what that of the first card is.
    await expect(decisions).to_have_count(9)
    told = [*await lines.all_inner_texts(), *await decisions.all_inner_texts()]
    texts = "\n".join(told)
    assert not re.search(r"\b(undefined|null|NaN)\b|{", texts)
    if language == "en":
        assert [words for words in states if words not in texts] == []
    # Also where there is no plan.
    await expect(cards.locator(".empty .follower summary")).to_be_visible()
    await owner.check()


async def test_plan_beyond_the_range(
    visit: Visit, planned: str, battery: str, have: Have
) -> None:
    """A repair says that less is done than planned, and opens what follows."""
    await have(
        "number.inverter_power",
        "0",
        friendly_name="Inverter power",
        min=-1000,
        max=1000,
        step=1,
        unit_of_measurement="W",
    )
    owner = await visit(PHONE)
    await follow(owner, battery)

    await owner.go("config/repairs")
    await owner.page.get_by_text(f"{battery}: plan beyond range").click()
    await owner.read("which is beyond the range of Inverter power")
    await owner.submit()
    await owner.read("The number that takes the power")
    await owner.at("A number with the power")
    assert await owner.value("Power") == "Inverter power"
