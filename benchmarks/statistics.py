"""What the import of a meter's history costs, in two versions of Home Assistant.

A real FlexMeasures server, and a real Home Assistant with its recorder on a SQLite file
(`statistics_home`, in a process of its own each): consumption in kWh with a price per
hour, of 1, 3 and 10 years, hourly and at 15 minutes. Of 3 hourly years (26,304 hours)
the past 30 days are then refreshed some times, with nothing new and with a correction
of the first of their hours, after which all sums change.

- in Home Assistant: from the meter's being added to the end of its import, without the
  time in which at least one request was under way. By the clock, so that what else the
  machine does is in it; the processor time of all threads meanwhile, and the machine's
  load, are printed to judge by.
- own computing: the processor time of the event loop's thread (all of it, also aiohttp's
  and Home Assistant's part), and of our functions in other threads. More than ours, never
  less; the recorder's threads are not in it.
- longest hold: of the event loop by one callback, in that thread's processor time, so
  that what else the machine does makes no difference; garbage collection apart.
- memory: the most that the process had resident, more than before.

Exits with 1 if a figure of the newer version is above its goal.

usage: .environments/tests/bin/python -m benchmarks.statistics [--refreshes 5]
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime, timedelta
import json
import os
import random
from statistics import median
import subprocess
import sys
from typing import override

from sandbox.environments import REPOSITORY, child_environment, program
from sandbox.flexmeasures.server import FlexMeasuresServer
from tests.server.meters.metered_home import HOUR, Owner

from .statistics_home import Effort, Figures, Task

NEWER, OLDER = "homeassistant", "tests"
STEPS = {HOUR: "hourly", timedelta(minutes=15): "at 15 minutes"}
# Three of them are as long as three years with a leap day.
YEAR = timedelta(hours=8768)
MEGABYTE = 1e6
# The recorder lets SQLite keep 16 MiB of the database in memory, which that of one year
# does not fill, and Python keeps some of what it has had.
MORE_MEGABYTES = 26

ROWS = {
    "total": "{0.total:.2f} s",
    "of that the server's answers": "{0.server:.2f} s",
    "in Home Assistant": "{0.in_home:.2f} s",
    "of that processor time": "{0.processor:.2f} s",
    "own computing, at the most": "{0.computing:.2f} s",
    "longest hold, processor time": "{0.longest_hold:.4f} s",
    "longest hold by the clock": "{0.longest_hold_by_clock:.4f} s",
    "longest garbage collection": "{0.longest_collection:.4f} s",
    "requests": "{0.requests:.0f}",
}


@dataclass(frozen=True)
class History:
    """For how long there is data, and how finely."""

    years: int
    step: timedelta

    @override
    def __str__(self) -> str:
        """Name it."""
        return f"{self.years:2} years {STEPS[self.step]}"


TIMED = History(3, HOUR)
HISTORIES = [History(years, step) for step in STEPS for years in (1, 3, 10)]


@dataclass(frozen=True)
class Goal:
    """The most that a figure may be."""

    name: str
    figure: float
    most: float
    unit: str = "s"

    @property
    def is_missed(self) -> bool:
        """Whether it is more."""
        return self.figure > self.most

    @override
    def __str__(self) -> str:
        """Say so."""
        return f"{self.name}: {self.figure:.3g} {self.unit}, at the most {self.most:g} {self.unit}"


async def fill(
    server: FlexMeasuresServer, now: datetime
) -> tuple[dict[History, int], int]:
    """Make a consumption sensor for each history, and a price for all."""
    rng = random.Random(1)  # noqa: S311
    async with Owner.logged_in(server) as owner:

        async def filled(history: History, unit: str, step: str) -> int:
            sensor = await owner.sensor(unit, step)
            span = history.years * YEAR
            values = [round(rng.random(), 3) for _ in range(span // history.step)]
            await owner.post(sensor, now - span, values, unit, history.step)
            return sensor

        price = await filled(History(10, HOUR), "EUR/kWh", "PT1H")
        sensors = {}
        for history in HISTORIES:
            step = "PT1H" if history.step == HOUR else "PT15M"
            sensors[history] = await filled(history, "kWh", step)
        return sensors, price


def measured(environment: str, task: Task) -> Figures:
    """Let a Home Assistant of an environment do a task."""
    done = subprocess.run(  # noqa: S603
        [program(environment), "-m", "benchmarks.statistics_home"],
        cwd=REPOSITORY,
        env=child_environment(),
        input=json.dumps(asdict(task)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Figures.from_json(done.stdout)


def middle(efforts: Sequence[Effort]) -> Effort:
    """Return the median of each figure."""
    values = zip(*(astuple(effort) for effort in efforts), strict=True)
    return Effort(*map(median, values))


def show(newer: Figures, older: Figures) -> None:
    """Print what the timed history took in both."""
    print(f"load of the machine, in the last 5 minutes: {os.getloadavg()[1]:.1f}")
    print(f"{'':34}{newer.version:>12}{older.version:>12}")
    for name, new, old in (
        (f"import of {newer.hours} hours", newer.first, older.first),
        ("refresh of 30 days", middle(newer.unchanged), middle(older.unchanged)),
        ("with a correction", middle(newer.corrected), middle(older.corrected)),
    ):
        print(name)
        for row, text in ROWS.items():
            print(f"  {row:32}{text.format(new):>12}{text.format(old):>12}")


def goals(timed: Figures, peaks: Mapping[History, int]) -> list[Goal]:
    """Return what the newer version has to meet."""
    refreshes = middle(timed.unchanged), middle(timed.corrected)
    everything = timed.first, *timed.unchanged, *timed.corrected
    return [
        Goal("import, in Home Assistant", timed.first.in_home, 5),
        Goal("import, own computing", timed.first.computing, 1),
        Goal("longest hold", max(each.longest_hold for each in everything), 0.02),
        Goal(
            "refresh, in Home Assistant", max(each.in_home for each in refreshes), 0.3
        ),
        *(
            Goal(
                f"memory for 10 years {name}, more than for 1 year",
                (peaks[History(10, step)] - peaks[History(1, step)]) / MEGABYTE,
                MORE_MEGABYTES,
                "MB",
            )
            for step, name in STEPS.items()
        ),
    ]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.statistics", description=__doc__
    )
    parser.add_argument("--refreshes", type=int, default=5)
    refreshes: int = parser.parse_args().refreshes
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with FlexMeasuresServer() as server:
        sensors, price = asyncio.run(fill(server, now))
        user = server.home.user("demo")

        def task(history: History, refreshes: int) -> Task:
            return Task(
                url=server.url,
                username=user.email,
                password=user.password,
                consumption=sensors[history],
                price=price,
                refreshes=refreshes,
            )

        newer = measured(NEWER, task(TIMED, refreshes))
        older = measured(OLDER, task(TIMED, refreshes))
        show(newer, older)
        print(f"memory, in {newer.version}", flush=True)
        peaks = {}
        for history in HISTORIES:
            figures = measured(NEWER, task(history, 0))
            peaks[history] = figures.peak
            print(
                f"  {history}: {figures.peak / MEGABYTE:.0f} MB more at the most,"
                f" {figures.first.requests} requests,"
                f" longest hold {figures.first.longest_hold * 1000:.1f} ms",
                flush=True,
            )
    missed = [goal for goal in goals(newer, peaks) if goal.is_missed]
    for goal in missed:
        print(f"Missed: {goal}")
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
