"""How long the start of Home Assistant waits for a server that accepts and never answers.

All of Home Assistant waits for the set-up of an account. Devices either have a plan for
now from before the restart, or none.

usage: .environments/tests/bin/python -m benchmarks.hanging_server
"""

import asyncio
from datetime import timedelta
import json
from pathlib import Path
import time

from homeassistant.util import dt as dt_util

from .home import account, home

DEVICES = (1, 10, 50)
HORIZON = timedelta(hours=24)


def remember(file: Path, devices: int) -> None:
    """Write what the integration would have stored of devices with a plan."""
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    memory = {
        "plan": {
            "power": {
                "start": start.isoformat(),
                "resolution": 900.0,
                "values": [1.0] * 96,
            },
            "soc": None,
            "consumption_price": None,
            "production_price": None,
        }
    }
    file.parent.mkdir(exist_ok=True)
    content = {
        "version": 2,
        "minor_version": 1,
        "key": file.name,
        "data": {str(number): memory for number in range(1, devices + 1)},
    }
    file.write_text(json.dumps(content), encoding="utf-8")


async def measure(devices: int, *, has_plan: bool) -> None:
    """Set up an account, and print how long that took and what came of it."""

    async def hang(
        _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        await asyncio.Event().wait()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with home() as hass:
        entry = account(f"http://127.0.0.1:{port}", devices, HORIZON)
        entry.add_to_hass(hass)
        if has_plan:
            file = hass.config.path(".storage", f"flexmeasures.{entry.entry_id}")
            remember(Path(file), devices)
        start = time.monotonic()
        await hass.config_entries.async_setup(entry.entry_id)
        taken = time.monotonic() - start
        state = hass.states.get("sensor.device_1_setpoint")
        print(
            f"{devices:3} devices {'with a plan' if has_plan else 'without one'}:"
            f" {taken:5.2f} s, {entry.state.value},"
            f" setpoint {state.state if state else None}"
        )
        await hass.config_entries.async_unload(entry.entry_id)
    server.close()


def main() -> None:
    """Run the benchmark."""
    for devices in DEVICES:
        for has_plan in (True, False):
            asyncio.run(measure(devices, has_plan=has_plan))


if __name__ == "__main__":
    main()
