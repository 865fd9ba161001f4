"""Plays a device that speaks S2, against any Home Assistant: python -m sandbox.s2 battery ws://..."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import suppress
from getpass import getpass
import sys

from .devices import PowerRange, Storage
from .others import Charger, Heater, HybridHeatPump, WashingMachine
from .resource_manager import Device, ResourceManager


def _battery() -> Device:
    return Storage(
        "Simulated battery",
        capacity=10.0,
        level=40.0,
        charging=PowerRange(200, 5000),
        discharging=PowerRange(200, 5000),
    )


DEVICES: dict[str, Callable[[], Device]] = {
    "battery": _battery,
    "charger": Charger,
    "heater": Heater,
    "heat-pump": HybridHeatPump,
    "washing-machine": WashingMachine,
}
"""One of each control type: FRBC, PEBC, OMBC, DDBC and PPBC."""


def main() -> None:
    """Be a device until stopped."""
    parser = argparse.ArgumentParser(
        prog="scripts/s2_device",
        description="Plays a device that speaks S2. It asks for the pairing token.",
    )
    parser.add_argument("device", choices=DEVICES)
    parser.add_argument("address", help="as shown when the device is paired: ws://...")
    arguments = parser.parse_args()
    # Nowhere else, and least of all among the arguments, which everybody can list.
    token = getpass("Pairing token: ") if sys.stdin.isatty() else sys.stdin.readline()
    manager = ResourceManager(
        DEVICES[arguments.device](),
        arguments.address,
        token.strip(),
        tell=lambda words: print(words, flush=True),
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(manager.run())


if __name__ == "__main__":
    main()
