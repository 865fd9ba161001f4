"""The demo: FlexMeasures, Home Assistant, and a home that is scheduled: python -m sandbox.demo [--once] [--s2]."""

import argparse
import asyncio
import signal
import sys

from ..errors import SandboxError
from ..s2.programs import S2Programs
from .dashboard import look_here
from .home import Progress, run_demo, sandbox


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="print and check the schedule, and end, instead of running until Ctrl-C",
    )
    parser.add_argument(
        "--s2",
        action="store_true",
        help="add a simulated device of each other control type of S2",
    )
    arguments = parser.parse_args()
    report = Progress()
    # A polite end by the system is as good as Ctrl-C, which a shell may have switched off.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with (
            S2Programs() as programs,
            sandbox(report) as (server, home_assistant, battery),
        ):
            asyncio.run(
                run_demo(
                    server,
                    home_assistant,
                    battery,
                    report,
                    is_checked=arguments.once,
                    s2_programs=programs if arguments.s2 else None,
                )
            )
            if not arguments.once:
                user = server.home.user("demo")
                looks = "".join(f"    - {line}\n" for line in look_here())
                print(
                    f"\n  Home Assistant: {home_assistant.url}\n"
                    f"    user {home_assistant.username}, password {home_assistant.password}\n"
                    f"  FlexMeasures:   {server.url}\n"
                    f"    user {user.email}, password {user.password}\n"
                    f"\n  Look here, once you are logged in to Home Assistant:\n{looks}"
                    "\nThey run until you press Ctrl-C.",
                    flush=True,
                )
                signal.pause()
    except KeyboardInterrupt:
        return 0 if not arguments.once else 130
    except SandboxError as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
