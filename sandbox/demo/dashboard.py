"""The demo's dashboard: the one that the integration generates, with a word on what to look at."""

import re

from ..home_assistant.client import HomeAssistantClient

DASHBOARD_URL = "dashboard-flexmeasures"
STRATEGY = "custom:flexmeasures"

# In Markdown; what is in braces is an address. Each is to fit a line of the dashboard on a desk.
_LOOK_HERE = (
    "**Left of the line** is what was planned before (pale) and measured (thin), right of it the plan.",
    "**Watch for a minute**: powers move every ten seconds, here and in the [Energy dashboard](/energy/now).",
    "Open [Home battery]({battery}), set *Mode* to **Hold**, and see what it does. What it all costs is under [Meters]({meters}).",
)


def look_here() -> list[str]:
    """Return what to look at, one line each, as it is read in a terminal."""
    return [re.sub(r"\*|\[|\]\(.*?\)", "", line) for line in _LOOK_HERE]


def _note(battery_id: str) -> str:
    """Return the same as it is read on the dashboard."""
    lines = "\n".join(f"- {line}" for line in _LOOK_HERE)
    return "### Look here\n" + lines.format(
        battery=f"/{DASHBOARD_URL}/{battery_id}", meters=f"/{DASHBOARD_URL}/meter"
    )


async def make_dashboard(client: HomeAssistantClient, battery_id: str) -> None:
    """Add the dashboard as a user does, and have the frontend begin with it."""
    await client.command(
        "lovelace/dashboards/create",
        url_path=DASHBOARD_URL,
        title="FlexMeasures",
        icon="mdi:home-lightning-bolt",
        show_in_sidebar=True,
        mode="storage",
    )
    await client.command(
        "lovelace/config/save",
        url_path=DASHBOARD_URL,
        config={"strategy": {"type": STRATEGY, "note": _note(battery_id)}},
    )
    # As the user's profile does it.
    await client.command(
        "frontend/set_user_data", key="core", value={"default_panel": DASHBOARD_URL}
    )
