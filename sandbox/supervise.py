"""Runs one command for as long as the standard input stays open, so that no child outlives a killed parent.

Started by processes.py as a program of its own. What arrives on the standard input is passed on to the command; at its end the command gets
its stop signal and, after a time of grace, SIGKILL, and so does all that it has left in its session.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the command described by the JSON object in the only argument."""
    order = json.loads(sys.argv[1])
    # Only the end of the standard input ends us. A handler, unlike an ignored signal, is
    # not inherited by the command.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(
        order["command"],
        stdin=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        **order["identity"],
    )
    threading.Thread(
        target=pass_on, args=(child, order["stop_signal"], order["grace"]), daemon=True
    ).start()
    # Its id stays taken until it is waited for: the session below is surely the command's.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def pass_on(child: subprocess.Popen[bytes], stop_signal: int, grace: float) -> None:
    """Copy the standard input to the command, and stop the command when it ends."""
    assert child.stdin is not None
    while data := os.read(0, 4096):
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(data)
    child.stdin.close()
    child.send_signal(stop_signal)
    threading.Event().wait(grace)
    child.kill()


if __name__ == "__main__":
    sys.exit(main() & 0xFF)
