"""Walking through Home Assistant as its owner does: by what can be read on the screen.

    owner = await visit(PHONE, is_dark=True)
    await owner.add_integration()
    await owner.fill({"Server": server.url, "Email": user.email, "Password": user.password})
    await owner.submit()
    await owner.at("What do you have?")
    await owner.check()
    await owner.choose("Battery")

Fields are known by their labels, choices and buttons by their texts. Nothing sleeps: what is done in a dialog returns when the dialog shows what
came of it, and may be read at once. What the owner has decided and how long the machine took is counted (`decisions`, `machine_seconds`).

A form can be gone through by the keyboard alone (`by_keyboard`). A menu cannot: the frontend of Home Assistant 2026.11 lets nobody reach its
items by Tab.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
import re
import time
from typing import Any

from playwright.async_api import CDPSession, Locator, Page, expect

from ..home_assistant.instance import HomeAssistant
from .window import go_to

type Value = str | float | bool | timedelta
"""What is filled in: a text or the option of that name, a number, a switch that is on or off, a duration."""

PHONE = (390, 844)
DESKTOP = (1280, 900)
# Runs in each window before anything else does; tells when a dialog shows what came of what was done.
FLOW_WATCH = Path(__file__).parent / "flow_watch.js"

# Home Assistant's dialogs have their title and their content in slots, where a search within the role does not look.
_FLOW = "dialog-data-entry-flow"
_INTEGRATIONS = "dialog-add-integration"
_PAGES = "ha-panel-config, ha-panel-lovelace"
_SUBMIT = re.compile("^(Submit|Next)$")
# What ends a dialog that has nothing more to ask.
_FINISH = re.compile("^(Finish|Skip and finish|Close)$")
_OVERFLOW = (Path(__file__).parent / "overflow.js").read_text()
# Two seconds of them.
_FRAMES_TO_FIT = 120
_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_AXE_FINDINGS = (Path(__file__).parent / "axe_findings.js").read_text()
_DRAWN_BY_US = "flexmeasures-plan-card, flexmeasures-plan-badge, flexmeasures-plan"
# In seconds, as the frontend calls the parts of a duration.
_PARTS = {"dd": 86400, "hh": 3600, "mm": 60, "ss": 1}
_NAMED_ROLES = {
    "button",
    "checkbox",
    "combobox",
    "link",
    "option",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "textbox",
}
# Nothing that is asked for lies further from the top of a dialog.
_MOST_TABS = 80


@dataclass
class Decisions:
    """What an owner had to decide, by kind."""

    choices: int = 0
    """Items chosen from a menu."""
    fields: int = 0
    """Fields filled in or changed; those that were right already are not counted."""
    submits: int = 0
    """Forms sent off."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.choices + self.fields + self.submits


class Owner:
    """Somebody with a browser, logged in to Home Assistant."""

    def __init__(
        self,
        page: Page,
        home_assistant: HomeAssistant,
        pictures: Path,
        *,
        by_keyboard: bool = False,
    ) -> None:
        """Let an owner look at a page; `by_keyboard` fills in and submits forms without a mouse.

        Pictures go to a folder of this test's own.
        """
        self.page = page
        self.decisions = Decisions()
        self.machine_seconds = 0.0
        """How long the owner has waited for Home Assistant since the last `start_counting`."""
        self._home_assistant = home_assistant
        self._pictures = pictures
        self._by_keyboard = by_keyboard

    def start_counting(self) -> None:
        """Count decisions and seconds from here on."""
        self.decisions = Decisions()
        self.machine_seconds = 0.0

    # --- Getting there

    async def go(self, path: str) -> None:
        """Go to a page of Home Assistant, such as "config/integrations/dashboard"."""
        await go_to(self.page, self._home_assistant, path)

    async def add_integration(self, name: str = "FlexMeasures") -> None:
        """Open *Add integration*, search for one and choose it: its first step is there. Starts counting."""
        await self.go("config/integrations/dashboard")
        self.start_counting()
        await self.press("Add integration")
        dialog = self.page.locator(_INTEGRATIONS)
        await dialog.get_by_role("textbox").fill(name)
        async with self._answered():
            await dialog.get_by_role("button", name=name, exact=True).click()

    async def go_to_integration(self) -> None:
        """Go to the integration's page, with its accounts, devices, meters and feeds."""
        await self.go("config/integrations/integration/flexmeasures")

    async def add(self, what: str) -> None:
        """Press *Add device*, *Add feed* or the like on the integration's page: the first step is there."""
        async with self._answered():
            await self.press(what)

    async def open_settings(self, name: str) -> None:
        """Press the gear of a device, meter or feed on the integration's page: the first step is there."""
        row = self.page.get_by_role("listitem").filter(
            has=self.page.get_by_text(name, exact=True)
        )
        gear = row.get_by_role("button", name=re.compile("^Change "))
        async with self._answered():
            await gear.click()

    async def go_to_device(self, name: str) -> None:
        """Go from the integration's page to the page of a device."""
        await self.go_to_integration()
        await self.page.get_by_role("button", name=re.compile(f"^{name} ")).click()
        await self.read("Sensors")

    async def expect_state(self, entity: str, state: str | re.Pattern[str]) -> None:
        """Wait until an entity on the page of a device has a state, as the page writes it; the waiting counts."""
        row = self.page.locator("hui-generic-entity-row").filter(
            has=self.page.get_by_text(entity, exact=True)
        )
        wanted = state.pattern if isinstance(state, re.Pattern) else re.escape(state)
        # The row's own text comes after what is put into it.
        shown = re.compile(rf"^\s*{wanted}\s+{re.escape(entity)}\s*$")
        async with self._waiting():
            await expect(row).to_have_text(shown)

    async def press(self, button: str) -> None:
        """Press a button anywhere on the page."""
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def read(self, text: str) -> None:
        """Wait until a text can be read anywhere on the page; the waiting counts."""
        async with self._waiting():
            await self.page.get_by_text(text).first.wait_for()

    # --- A dialog

    @property
    def dialog(self) -> Locator:
        """The dialog of a flow."""
        return self.page.locator(_FLOW)

    async def at(self, title: str) -> None:
        """Check that the dialog has come to the step of this title."""
        shown = await self.title()
        assert shown == title, f"{shown}:\n{await self.text()}"

    async def title(self) -> str:
        """Return the title of the step that is shown; empty where a step has none, or if there is no dialog."""
        title = self.dialog.locator("[slot=headerTitle]")
        return (await title.inner_text()).strip() if await title.count() else ""

    async def text(self) -> str:
        """Return all that the dialog says, to a screen reader: its texts, its controls and what they hold."""
        if not await self.dialog.count():
            return ""
        # The dialog is within its own element, and its content beside it.
        dialogs = self.dialog.get_by_role("dialog")
        return await dialogs.first.aria_snapshot() if await dialogs.count() else ""

    async def errors(self) -> list[str]:
        """Return the errors and warnings of the step, from the top down."""
        # Not by their role: their texts are beside it.
        alerts = self.dialog.locator("ha-alert")
        return [text.strip() for text in await alerts.all_inner_texts()]

    async def choices(self) -> list[str]:
        """Return the items of the menu that is shown, without what is said of them."""
        items = self.dialog.locator("step-flow-menu ha-list-item > span:not([slot])")
        # Among them is what draws the ripple.
        return [text.strip() for text in await items.all_inner_texts() if text]

    async def choose(self, item: str) -> None:
        """Choose an item of a menu: the next step is there."""
        self.decisions.choices += 1
        async with self._answered():
            await self.dialog.get_by_text(item, exact=True).click()

    async def fill(self, values: Mapping[str, Value]) -> None:
        """Fill in fields by their labels; what they hold already is left."""
        for label, value in values.items():
            self.decisions.fields += await self._fill(label, value)

    async def value(self, label: str) -> str:
        """Return what a field holds; of a field with a list, the option that is chosen."""
        kind, field = await self._field(label)
        if kind in ("textbox", "spinbutton"):
            held: str = await field.input_value()
            return held
        if kind == "switch":
            return "on" if await field.is_checked() else "off"
        if kind == "radiogroup":
            chosen = field.get_by_role("radio", checked=True)
            option: str = await chosen.inner_text()
            return option.strip()
        return re.sub(_label(label), "", await _name(field), count=1).strip()

    async def submit(self) -> None:
        """Submit the form: the next step is there, or the same one with its errors."""
        self.decisions.submits += 1
        async with self._answered(always=False):
            button = self.dialog.get_by_role("button", name=_SUBMIT)
            await self._use(button, "Enter")

    async def finish(self) -> None:
        """Press the button of a dialog that asks nothing more, and see it go."""
        # The cross in the corner is called the same.
        button = self.dialog.get_by_role("button", name=_FINISH).last
        await self._use(button, "Enter")
        await self._see_it_go()

    async def close(self) -> None:
        """Give the dialog up by the cross in its corner, and see it go."""
        await self.dialog.get_by_role("button", name="Close").first.click()
        await self._see_it_go()

    async def _see_it_go(self) -> None:
        await expect(self.dialog.get_by_role("dialog")).to_have_count(0)

    @asynccontextmanager
    async def _answered(self, *, always: bool = True) -> AsyncIterator[None]:
        """Wait, after something was done, until the dialog shows what came of it.

        Not `always`: the frontend may find a mistake by itself, and ask nobody.
        """
        if always:
            await self.page.evaluate("window.flowBegins()")
        async with self._waiting():
            yield
            await self.page.wait_for_function("window.flowRests()")

    @asynccontextmanager
    async def _waiting(self) -> AsyncIterator[None]:
        """Count how long it takes."""
        start = time.monotonic()
        yield
        self.machine_seconds += time.monotonic() - start

    # --- Fields

    async def _field(self, label: str) -> tuple[str, Locator]:
        """Return the field of a label and its role, once it is there."""
        name = _label(label)
        exactly = re.compile(rf"{name.pattern}$")
        fields = {
            role: self.dialog.get_by_role(role, name=exactly)
            for role in ("textbox", "spinbutton", "group", "combobox")
        }
        # What can be chosen is not within the role, but beside it.
        fields["radiogroup"] = self.dialog.locator("ha-radio-group").filter(
            has=self.page.get_by_role("radiogroup", name=exactly)
        )
        # Their names go on with what is said of them, or with what they hold.
        for role in ("switch", "checkbox", "button"):
            fields[role] = self.dialog.get_by_role(role, name=name)
        any_field = None
        for field in fields.values():
            any_field = any_field.or_(field) if any_field else field
        assert any_field
        await any_field.first.wait_for()
        for role, field in fields.items():
            if await field.count():
                return role, field
        raise AssertionError(f"{label} is gone")

    async def _fill(self, label: str, value: Value) -> bool:
        """Fill in a field; return whether anything had to be changed."""
        kind, field = await self._field(label)
        if isinstance(value, timedelta):
            return await self._fill_duration(field, value)
        if await self.value(label) == _shown(value):
            return False
        if kind in ("textbox", "spinbutton"):
            await self._type(field, str(value))
        elif kind in ("switch", "checkbox"):
            # What is drawn lies upon the control itself.
            await self._use(field, force=True)
        elif kind == "radiogroup":
            option = field.get_by_role("radio", name=str(value), exact=True)
            await self._use(option)
        else:
            await self._pick(field, str(value))
        return True

    async def _type(self, box: Locator, text: str) -> None:
        if self._by_keyboard:
            await self._press(box, "ControlOrMeta+A")
            await self.page.keyboard.type(text)
        else:
            await box.fill(text)

    async def _fill_duration(self, group: Locator, value: timedelta) -> bool:
        rest = round(value.total_seconds())
        is_changed = False
        for part, seconds in _PARTS.items():
            box = group.get_by_role("spinbutton", name=re.compile(f"^{part}"))
            if not await box.count():
                continue
            number, rest = divmod(rest, seconds)
            if await box.input_value() not in (str(number), f"{number:02}"):
                is_changed = True
                await self._type(box, str(number))
        assert not rest, f"The field cannot hold {value}"
        return is_changed

    async def _pick(self, field: Locator, option: str) -> None:
        """Pick an option of a list, by the beginning of its text, through the list's search if it has one."""
        await self._use(field)
        options = self._options()
        await options.first.wait_for()
        search = self.dialog.get_by_placeholder(re.compile("^Search"))
        found = self._options(_label(option))
        if has_search := await search.count():
            await self._type(search, option)
            await found.wait_for()
        if not self._by_keyboard:
            await found.click()
        elif has_search:
            # The first one found is marked already.
            await self.page.keyboard.press("Enter")
        else:
            await self._press(found, "Enter", by="ArrowDown")
        await expect(options).to_have_count(0)

    def _options(self, name: re.Pattern[str] | None = None) -> Locator:
        """Return what can be picked from the list that is open: an option of a long one, an item of a short one."""
        return self.dialog.get_by_role("option", name=name).or_(
            self.dialog.get_by_role("menuitem", name=name)
        )

    async def _use(
        self, control: Locator, key: str = "Space", *, force: bool = False
    ) -> None:
        """Click a control, or press a key on it."""
        if self._by_keyboard:
            await self._press(control, key)
        else:
            await control.click(force=force)

    async def _press(self, control: Locator, key: str, *, by: str = "Tab") -> None:
        """Press a key on a control, once Tab (or another key) has led there."""
        for _ in range(_MOST_TABS):
            if await control.evaluate("element => element.matches(':focus')"):
                await self.page.keyboard.press(key)
                return
            await self.page.keyboard.press(by)
        raise AssertionError(f"{by} does not lead to {control}")

    # --- What the page looks like, and how it is read to who cannot see it

    async def picture(self, name: str) -> Path:
        """Keep a picture of the page, and return its path."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{name}.png"
        await self.page.screenshot(path=path)
        return path

    async def check(self) -> None:
        """Check that what is shown fits a phone and a desk, and that each control has a name that can be read out."""
        size = self.page.viewport_size
        assert size
        for width, height in (PHONE, DESKTOP, (size["width"], size["height"])):
            await self.page.set_viewport_size({"width": width, "height": height})
            assert not await self._overflowing_at_rest(), width
        assert not await self.nameless()
        assert not await self.inaccessible()

    async def _overflowing_at_rest(self) -> list[str]:
        """Return what is too wide, once the frontend has had the time to fit it to another screen."""
        for _ in range(_FRAMES_TO_FIT):
            if not (found := await self.overflowing()):
                break
            await self.page.evaluate("() => new Promise(requestAnimationFrame)")
        return found

    async def overflowing(self) -> list[str]:
        """Return what is too wide for the screen: in the dialog if there is one, else on the page."""
        scope = self.dialog if await self.text() else self.page.locator(_PAGES).first
        found: list[str] = await scope.evaluate(_OVERFLOW)
        return found

    async def inaccessible(self) -> list[str]:
        """Return what axe finds wrong with what the integration draws."""
        if not await self.page.locator(_DRAWN_BY_US).count():
            return []
        if not await self.page.evaluate("'axe' in window"):
            await self.page.add_script_tag(path=_AXE)
        found: list[str] = await self.page.evaluate(_AXE_FINDINGS)
        return found

    async def nameless(self) -> list[str]:
        """Return the roles of the controls that a screen reader has no name for; what lies behind a dialog is out of its reach."""
        async with self._tools() as tools:
            tree = await tools.send("Accessibility.getFullAXTree")
        return [
            node["role"]["value"]
            for node in tree["nodes"]
            if not node["ignored"]
            and node["role"]["value"] in _NAMED_ROLES
            and not _text(node)
        ]

    @asynccontextmanager
    async def _tools(self) -> AsyncIterator[CDPSession]:
        """Use the browser's developer tools, which know what it tells screen readers."""
        session = await self.page.context.new_cdp_session(self.page)
        try:
            yield session
        finally:
            await session.detach()


def _label(label: str) -> re.Pattern[str]:
    """Match a name that begins with a label, which the frontend marks where it is required."""
    return re.compile(rf"^{re.escape(label)}\s*\*?(?!\w)")


def _shown(value: Value) -> str:
    """Return what a field holds that was filled in with a value."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _text(node: Mapping[str, Any]) -> str:
    name: str = node.get("name", {}).get("value", "")
    return name.strip()


async def _name(field: Locator) -> str:
    """Return the accessible name of a control."""
    line = (await field.aria_snapshot()).splitlines()[0]
    found = re.search(r'"(.*)"', line)
    return found[1] if found else ""
