"""Runs a part of the sandbox until Ctrl-C: python -m sandbox flexmeasures."""

import argparse
from dataclasses import asdict
import json
from pathlib import Path
import signal
import sys

from .errors import SandboxError
from .flexmeasures.server import FlexMeasuresServer


def main() -> int:
    """Run the server and print what one needs to use it."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Run a part of the sandbox until Ctrl-C."
    )
    parser.add_argument("part", choices=["flexmeasures"])
    parser.add_argument(
        "--folder", type=Path, help="keep the data here (default: a temporary folder)"
    )
    arguments = parser.parse_args()
    try:
        with FlexMeasuresServer(
            arguments.folder, report=lambda line: print(line, file=sys.stderr)
        ) as server:
            print(
                json.dumps({"url": server.url} | asdict(server.home), indent=2),
                flush=True,
            )
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
