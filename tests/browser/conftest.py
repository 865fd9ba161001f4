"""One FlexMeasures server, one Home Assistant and one browser for all tests, and an older Home Assistant for some; for each, no account and a window of its own."""

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
import re
import sys
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, expect
import pytest

from sandbox.browser.owner import DESKTOP, FLOW_WATCH, PHONE, Owner
from sandbox.browser.window import START_MILLISECONDS, browser as run_browser, page_of
from sandbox.demo.devices import BATTERY
from sandbox.demo.home import Progress, configure
from sandbox.flexmeasures.home import User
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.flexmeasures.stored_values import server_session
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant
from sandbox.home_assistant.registry import DOMAIN, device_id

type Have = Callable[..., Coroutine[Any, Any, None]]
type Visit = Callable[..., Coroutine[Any, Any, Owner]]
type Show = Callable[..., Coroutine[Any, Any, None]]

PLAN_PAGE = "plan-page"
YAML_PAGE = "yaml-page"
YAML_FILE = "yaml_page.yaml"
# What its file says is read anew when the page is opened.
YAML_DASHBOARD = f"""\
lovelace:
  resource_mode: yaml
  dashboards:
    {YAML_PAGE}:
      mode: yaml
      title: Plan in YAML
      filename: {YAML_FILE}
"""

# Helpers can be made.
CONFIGURATION = f"{YAML_DASHBOARD}input_number:\n"

IN_BOTH_LOOKS = pytest.mark.parametrize(
    ("size", "is_dark"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "desktop"]
)
# The environment of the unit tests.
OLDEST = "tests"
IN_BOTH_VERSIONS = pytest.mark.parametrize(
    "version", ["newest", "oldest"], indirect=True
)
# Home Assistant has the pictures of other integrations on the internet, and those of its example cards.
_ELSEWHERE = re.compile(
    r"/api/brands/(?!integration/flexmeasures/)|^https://demo\.home-assistant\.io/"
)
_FAILED = pytest.StashKey[bool]()
# One record of the log, with the traceback that follows its first line.
_RECORD = re.compile(r"^\d{4}-\d\d-\d\d .*(?:\n(?!\d{4}-\d\d-\d\d ).*)*", re.MULTILINE)
_COMPLAINT = re.compile(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ")
# A window that is closed while Home Assistant writes to it is no fault; aiohttp logs it.
_WINDOW_CLOSED = "ClientConnectionResetError"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep whether a test has failed, for its fixtures."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def both() -> Iterator[tuple[FlexMeasuresServer, HomeAssistant]]:
    """The server and Home Assistant, which start side by side."""
    with ExitStack() as stack, ThreadPoolExecutor() as starting:
        server = starting.submit(stack.enter_context, FlexMeasuresServer())
        home_assistant = starting.submit(
            stack.enter_context, HomeAssistant(configuration=CONFIGURATION)
        )
        yield server.result(), home_assistant.result()


@pytest.fixture(scope="session")
def oldest() -> Iterator[HomeAssistant]:
    """The oldest Home Assistant that the integration runs in, which starts for the first test that asks for it."""
    with HomeAssistant(environment=OLDEST, configuration=CONFIGURATION) as running:
        yield running


@pytest.fixture
def version(
    both: tuple[FlexMeasuresServer, HomeAssistant], request: pytest.FixtureRequest
) -> HomeAssistant:
    """The Home Assistant of a test: the newest, unless it is one of those `IN_BOTH_VERSIONS`."""
    if getattr(request, "param", "newest") == "newest":
        return both[1]
    found: HomeAssistant = request.getfixturevalue("oldest")
    return found


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser."""
    expect.set_options(timeout=START_MILLISECONDS)
    async with run_browser() as running:
        yield running


@pytest.fixture
def server(
    both: tuple[FlexMeasuresServer, HomeAssistant],
) -> FlexMeasuresServer:
    """The server, without what other tests have had planned and measured."""
    both[0].forget()
    return both[0]


@pytest.fixture
def user(server: FlexMeasuresServer) -> User:
    """The owner of the server's demo home."""
    return server.home.user("demo")


@contextmanager
def away(server: FlexMeasuresServer) -> Iterator[None]:
    """Have the server refuse all connections for a while."""
    server.stop_web()
    try:
        yield
    finally:
        server.start_web()


@pytest.fixture
async def client(version: HomeAssistant) -> AsyncIterator[HomeAssistantClient]:
    """A way to ask Home Assistant beside the browser."""
    async with HomeAssistantClient(version.url, version.token) as connected:
        yield connected


@pytest.fixture
async def home_assistant(
    version: HomeAssistant, client: HomeAssistantClient
) -> AsyncIterator[HomeAssistant]:
    """Home Assistant without an account, which has nothing to complain of during a test."""
    for entry in await client.command("config_entries/get", domain=DOMAIN):
        await client.delete(f"config/config_entries/entry/{entry['entry_id']}")
    before = len(_records(version))
    yield version
    assert not [
        record
        for record in _records(version)[before:]
        if _COMPLAINT.match(record) and _WINDOW_CLOSED not in record
    ]


def _records(home_assistant: HomeAssistant) -> list[str]:
    """Return all that Home Assistant has logged."""
    return _RECORD.findall(home_assistant.log_text(lines=sys.maxsize))


@pytest.fixture
async def newcomer(server: FlexMeasuresServer, home_assistant: HomeAssistant) -> User:
    """Somebody whose account on the server has nothing yet, whatever was made there by other tests."""
    async with server_session(server, "newcomer") as session:
        async with session.get(f"{server.url}/api/v3_0/assets") as answer:
            assets = await answer.json()
        # What is public has no account. Parts were made after what they are part of.
        own = sorted(asset["id"] for asset in assets if asset["account_id"])
        for asset_id in reversed(own):
            url = f"{server.url}/api/v3_0/assets/{asset_id}"
            async with session.delete(url) as answer:
                assert answer.ok, await answer.text()
    return server.home.user("newcomer")


@pytest.fixture
async def have(client: HomeAssistantClient) -> AsyncIterator[Have]:
    """Let Home Assistant have entities, which are gone after the test."""
    entities: list[str] = []

    async def let(entity_id: str, state: str, **attributes: Any) -> None:
        entities.append(entity_id)
        await client.post(
            f"states/{entity_id}", {"state": state, "attributes": attributes}
        )

    yield let
    for entity_id in entities:
        await client.delete(f"states/{entity_id}")


@pytest.fixture
async def battery(
    client: HomeAssistantClient,
    server: FlexMeasuresServer,
    home_assistant: HomeAssistant,
) -> str:
    """An account with a battery, which was not set up in the browser; gives the name."""
    await configure(client, server, Progress(), [BATTERY.name])
    return BATTERY.name


@pytest.fixture
async def planned(client: HomeAssistantClient, battery: str) -> str:
    """The battery of the account, with a plan; gives the device's id."""
    device = await device_id(client, BATTERY)
    await client.post(
        f"services/{DOMAIN}/trigger_schedule?return_response",
        {"device_id": device, "soc_at_start": 4},
    )
    return device


@pytest.fixture
async def dashboards(client: HomeAssistantClient) -> AsyncIterator[list[str]]:
    """The ids of dashboards, which go after the windows are closed: the frontend misses one that it shows."""
    ids: list[str] = []
    yield ids
    for dashboard_id in ids:
        await client.command("lovelace/dashboards/delete", dashboard_id=dashboard_id)


@pytest.fixture
async def show(client: HomeAssistantClient, dashboards: list[str]) -> Show:
    """Have a dashboard with cards, or with views of another kind, which is gone after the test."""
    dashboard = await client.command(
        "lovelace/dashboards/create", url_path=PLAN_PAGE, title="Plan", mode="storage"
    )
    dashboards.append(dashboard["id"])

    async def save(*cards: dict[str, Any], **view: Any) -> None:
        await client.command(
            "lovelace/config/save",
            url_path=PLAN_PAGE,
            config={"views": [{"title": "Plan", "cards": list(cards), **view}]},
        )

    return save


@pytest.fixture
async def visit(
    browser: Browser,
    home_assistant: HomeAssistant,
    dashboards: list[str],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> AsyncIterator[Visit]:
    """Open windows of the owner's; the browser's console must stay free of errors in all of them."""
    owners: list[Owner] = []
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not _ELSEWHERE.search(message.location["url"]):
            errors.append(f"{message.text} ({message.location['url']})")

    def watch(page: Page) -> None:
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))

    async with AsyncExitStack() as stack:

        async def open_window(
            size: tuple[int, int] = DESKTOP,
            *,
            is_dark: bool = False,
            by_keyboard: bool = False,
        ) -> Owner:
            page = await stack.enter_async_context(
                page_of(browser, home_assistant, size=size, is_dark=is_dark)
            )
            watch(page)
            await page.add_init_script(path=FLOW_WATCH)
            owner = Owner(page, home_assistant, tmp_path, by_keyboard=by_keyboard)
            owners.append(owner)
            return owner

        yield open_window
        if request.node.stash[_FAILED]:
            for number, owner in enumerate(owners):
                print(await owner.picture(f"failed_{number}"))
                print(await owner.text())
    assert not errors
