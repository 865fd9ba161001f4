"""What feeds cost, in two versions of Home Assistant.

A real Home Assistant with its recorder on a SQLite file (`feeds_home`, in a process of
its own each), and feeds of the mean power that an entity measures.

- day by day: 200 feeds at 5 minutes over entities that change each second, and the same
  home without feeds, in turns. The difference in processor time, of all threads, is what
  feeds take. The server is one that stores what is posted and counts it, in another
  process (`storing_server`).
- a week: 200 feeds at an hour over entities that change each quarter of an hour, some
  of which are unavailable now and then. Memory is looked at after each day.
- an outage: 20 feeds at 5 minutes make up for 7 days of entities that change each 10
  seconds, on a real FlexMeasures server, from their beginning to the last post. Home
  Assistant has added their entities by then.

Time passes as fast as the work in it is done (`simulated_time`), but not for the outage.
The longest hold is that of the event loop by one callback, in that thread's processor
time; garbage collection apart. Exits with 1 if a figure of the newer version is above
its goal.

usage: .environments/tests/bin/python -m benchmarks.feeds
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
import json
from operator import attrgetter
import os
from statistics import median
import subprocess
import sys

from sandbox.environments import REPOSITORY, child_environment, program
from sandbox.flexmeasures.server import FlexMeasuresServer
from tests.server.meters.metered_home import DAY, HOUR, Owner

from .feeds_home import CaughtUp, Piece, Simulated, Task
from .statistics import MEGABYTE, NEWER, OLDER, ROWS, Goal
from .storing_server import StoringServer, storing_server

FEEDS = 200
RESOLUTION = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
PIECES = 3
WEEK = 7 * DAY
CAUGHT_UP = 20
# What the recorder lets SQLite keep in memory grows to 16 MiB.
MORE_MEGABYTES = 20


@dataclass(frozen=True)
class Cost:
    """What feeds took, beside the same home without feeds."""

    version: str
    without: float
    """The processor time of a second there, of all threads."""
    own: float
    """How much more that is with feeds."""
    loop: float
    """How much of it is in the event loop's thread."""
    longest_hold: float
    posts: int
    slots: int
    """For which something was posted."""
    most_posts: int
    """Of one slot."""
    reads: int
    """All other requests, at the start too."""


def measured(environment: str, task: Task) -> str:
    """Let a Home Assistant of an environment do a task; return its figures as JSON."""
    done = subprocess.run(  # noqa: S603
        [program(environment), "-m", "benchmarks.feeds_home"],
        cwd=REPOSITORY,
        env=child_environment(),
        input=json.dumps(asdict(task)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def simulated(
    server: StoringServer,
    environment: str,
    *,
    step: timedelta,
    length: timedelta,
    pieces: int,
    is_fed: bool = True,
) -> Simulated:
    """Let time pass in a home, whose feeds send to a server."""
    task = Task(
        url=server.url,
        username="user@example.com",
        password="password",  # noqa: S106
        sensors=list(server.sensors),
        is_fed=is_fed,
        step=step.total_seconds(),
        length=length.total_seconds(),
        pieces=pieces,
    )
    return Simulated.from_json(measured(environment, task))


def cost(environment: str) -> Cost:
    """Compare a home with feeds to one without."""
    with storing_server(FEEDS, RESOLUTION) as server:
        fed, without = (
            simulated(
                server,
                environment,
                step=SECOND,
                length=RESOLUTION,
                pieces=PIECES,
                is_fed=is_fed,
            )
            for is_fed in (True, False)
        )
        rest = per_second(without, attrgetter("processor"))
        return Cost(
            version=fed.version,
            without=rest,
            own=per_second(fed, attrgetter("processor")) - rest,
            loop=per_second(fed, attrgetter("loop"))
            - per_second(without, attrgetter("loop")),
            longest_hold=max(piece.longest_hold for piece in fed.pieces),
            posts=sum(server.posts_of_sensor.values()),
            slots=len(server.posts_of_slot),
            most_posts=max(server.posts_of_slot.values()),
            reads=server.reads,
        )


def per_second(figures: Simulated, figure: Callable[[Piece], float]) -> float:
    """Return the median of a figure, for a second of the simulated time."""
    return median(map(figure, figures.pieces)) / RESOLUTION.total_seconds()


def week() -> Simulated:
    """Let a week pass."""
    with storing_server(FEEDS, HOUR) as server:
        figures = simulated(
            server, NEWER, step=HOUR / 4, length=DAY, pieces=WEEK // DAY
        )
        assert max(server.posts_of_slot.values()) == 1
        return figures


async def new_sensors(server: FlexMeasuresServer) -> list[int]:
    """Make what nothing was sent to."""
    async with Owner.logged_in(server) as owner:
        return [await owner.sensor("kW", "PT5M") for _ in range(CAUGHT_UP)]


def caught_up(server: FlexMeasuresServer, environment: str) -> CaughtUp:
    """Let feeds make up for an outage."""
    user = server.home.user("demo")
    task = Task(
        url=server.url,
        username=user.email,
        password=user.password,
        sensors=asyncio.run(new_sensors(server)),
        is_fed=True,
        step=10,
        outage=WEEK.total_seconds(),
    )
    return CaughtUp.from_json(measured(environment, task))


def show_costs(costs: Sequence[Cost]) -> None:
    """Print what feeds took from day to day."""
    print(f"{FEEDS} feeds at 5 minutes, entities that change each second")
    for each in costs:
        print(
            f"  {each.version}: {100 * each.own:.2f} % of one core, of that"
            f" {100 * each.loop:.2f} % in the event loop (the same home without feeds:"
            f" {100 * each.without:.1f} %);"
            f" longest hold {1000 * each.longest_hold:.1f} ms;"
            f" {each.posts} posts of {each.slots} intervals,"
            f" at the most {each.most_posts} of one, {each.reads} other requests",
            flush=True,
        )


def show_week(figures: Simulated) -> None:
    """Print how much memory there was after each day."""
    print(f"{FEEDS} feeds at an hour, after each day of a week, in {figures.version}")
    for piece in figures.pieces:
        print(
            f"  {piece.memory / MEGABYTE:.1f} MB resident,"
            f" {piece.blocks / 1000:.1f} thousand blocks of Python",
            flush=True,
        )


def show_outage(outage: CaughtUp) -> None:
    """Print what making up for an outage took."""
    print(
        f"{CAUGHT_UP} feeds after 7 days without their server, in {outage.version}:"
        f" {outage.stored} values, which the server had stored"
        f" {outage.stored_after:.1f} s after the last one was sent"
    )
    for row, text in ROWS.items():
        print(f"  {row:32}{text.format(outage.effort):>12}", flush=True)


def goals(newer: Cost, figures: Simulated, outage: CaughtUp) -> list[Goal]:
    """Return what the newer version has to meet."""
    first, last = figures.pieces[0], figures.pieces[-1]
    return [
        Goal("feeds day by day, of one core", 100 * newer.own, 5, "%"),
        Goal("posts of one interval", newer.most_posts, 1, ""),
        Goal(
            "memory after a week, more than after its first day",
            (last.memory - first.memory) / MEGABYTE,
            MORE_MEGABYTES,
            "MB",
        ),
        Goal("outage", outage.effort.total, 60),
        Goal("longest hold", max(newer.longest_hold, outage.effort.longest_hold), 0.02),
    ]


def main() -> None:
    """Run the benchmark."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.feeds", description=__doc__
    ).parse_args()
    print(f"load of the machine, in the last 5 minutes: {os.getloadavg()[1]:.1f}")
    newer, older = cost(NEWER), cost(OLDER)
    show_costs((newer, older))
    figures = week()
    show_week(figures)
    with FlexMeasuresServer() as server:
        outage = caught_up(server, NEWER)
        show_outage(outage)
        show_outage(caught_up(server, OLDER))
    missed = [goal for goal in goals(newer, figures, outage) if goal.is_missed]
    for goal in missed:
        print(f"Missed: {goal}")
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
