"""The FlexMeasures processes: runs in the flexmeasures environment, so it keeps to Python 3.10.

Importing FlexMeasures takes seconds. This process does it once, then obeys the commands on its standard input (one a line, answered by one
line of JSON) by forking the web server and the worker, which can thus be stopped and started in a moment, one without the other.
"""

# FlexMeasures and what it brings are imported where they are used: its set-up comes first.
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

STOP_SECONDS = 15
# A scheduling job takes less than a second.
JOBS_SECONDS = 60
IDLE_LOOKS = 3
QUEUES = ("scheduling", "forecasting", "ingestion")


class Processes:
    """The processes that the commands start and stop."""

    def __init__(self, app: Flask, *, worker_thread: bool) -> None:
        """Start nothing yet."""
        self._app = app
        self._worker_thread = worker_thread
        self._running: dict[str, int] = {}

    def prepare(self, home: str, is_metered: bool) -> None:  # noqa: FBT001
        """Bring the database up to date and fill it, unless the file with the ids says that it is filled."""
        import flask_migrate
        import flexmeasures.data

        from . import seed

        with self._app.app_context():
            flask_migrate.upgrade(
                directory=str(Path(flexmeasures.data.__file__).parent / "migrations")
            )
            # The migrations' own logging configuration switches off all loggers there are.
            for name in logging.root.manager.loggerDict:
                logging.getLogger(name).disabled = False
            if not Path(home).exists():
                seed.seed(Path(home), is_metered=is_metered)
            self._release_database()

    def finish_jobs(self) -> None:
        """Wait until the jobs there are have ended."""
        queues = [self._app.queues[name] for name in QUEUES]
        deadline = time.monotonic() + JOBS_SECONDS
        # A job that the worker has just taken is in no list until it has begun.
        looks = 0
        while looks < IDLE_LOOKS:
            if any(queue.count or queue.started_job_registry.count for queue in queues):
                looks = 0
            else:
                looks += 1
            if time.monotonic() > deadline:
                raise RuntimeError("The jobs do not end")
            time.sleep(0.01)
        self._app.redis_connection.connection_pool.disconnect()

    def forget(self) -> None:
        """Drop all data that has come since the database was filled, once the jobs there are have ended."""
        from . import seed

        self.finish_jobs()
        with self._app.app_context():
            seed.forget()
            self._release_database()

    def start_web(self, port: str) -> int:
        """Start the web server on a port, or on any free one if that is 0, and return the port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(port)))
        listener.listen(128)
        with listener:
            self._fork(
                "web",
                lambda: serve(self._app, listener, worker_thread=self._worker_thread),
            )
            bound: int = listener.getsockname()[1]
            return bound

    def start_worker(self) -> None:
        """Start the worker and wait until the server knows it."""
        from rq import SimpleWorker

        pid = self._fork("worker", lambda: work(self._app, process_worker()))
        key = SimpleWorker.redis_worker_namespace_prefix + worker_name(pid)
        redis = self._app.redis_connection
        deadline = time.monotonic() + STOP_SECONDS
        while SimpleWorker.find_by_key(key, connection=redis) is None:
            if time.monotonic() > deadline or os.waitpid(pid, os.WNOHANG)[0]:
                raise RuntimeError("The worker does not start")
            time.sleep(0.02)
        redis.connection_pool.disconnect()

    def stop(self, name: str) -> None:
        """Stop the web server or the worker, and wait for its end."""
        pid = self._running.pop(name, None)
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while not os.waitpid(pid, os.WNOHANG)[0]:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _release_database(self) -> None:
        """Close the connections, which forked processes must not share."""
        from flexmeasures.data import db

        db.session.remove()
        db.engine.dispose()

    def _fork(self, name: str, run: Callable[[], None]) -> int:
        if name in self._running:
            raise RuntimeError(f"The {name} process runs already")
        pid = os.fork()
        if pid == 0:
            run_and_exit(run)
        self._running[name] = pid
        return pid


def run_and_exit(run: Callable[[], None]) -> NoReturn:
    """Run the work of a forked process, and never return into its parent's code."""
    status = 1
    try:
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
        run()
        status = 0
    except Exception:
        logging.getLogger(__name__).exception("Process ended")
    finally:
        sys.stderr.flush()
        os._exit(status)


def serve(app: Flask, listener: socket.socket, *, worker_thread: bool) -> None:
    """Run the web server on a socket that listens already."""
    from werkzeug.serving import make_server

    if worker_thread:
        threading.Thread(target=work, args=(app, thread_worker()), daemon=True).start()
    host, port = listener.getsockname()
    make_server(host, port, app, threaded=True, fd=listener.fileno()).serve_forever()


def work(app: Flask, worker: type) -> None:
    """Run the worker for all queues of jobs."""
    from flexmeasures.cli.jobs import handle_worker_exception
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    queues = [app.queues[name] for name in QUEUES]
    with app.app_context():
        worker(
            queues,
            connection=app.redis_connection,
            name=worker_name(os.getpid()),
            exception_handlers=[handle_worker_exception],
        ).work(with_scheduler=False)


def worker_name(pid: int) -> str:
    """Return the name under which a worker process registers itself."""
    return f"sandbox-{pid}"


def process_worker() -> type:
    """Return a worker class that runs alone in a process."""
    from flexmeasures.data import db
    from rq import SimpleWorker

    class ProcessWorker(SimpleWorker):  # type: ignore[misc]
        def perform_job(self, *arguments: object) -> bool:
            # FlexMeasures' own worker forks for each job: none finds the failed transaction of another.
            try:
                succeeded: bool = super().perform_job(*arguments)
            finally:
                db.session.remove()
            return succeeded

    return ProcessWorker


def thread_worker() -> type:
    """Return a worker class that runs beside the web server, in its process."""
    from rq.timeouts import TimerDeathPenalty

    class ThreadWorker(process_worker()):  # type: ignore[misc]
        # Signals reach the main thread only.
        death_penalty_class = TimerDeathPenalty

        def _install_signal_handlers(self) -> None:
            pass

    return ThreadWorker


def create_app(config: str, *, fake_redis: bool) -> Flask:
    """Import FlexMeasures and create its application."""
    import typeguard

    # It would rewrite a whole package, which takes 2-3 s each time, for checks that nobody needs here.
    typeguard.typechecked = lambda target=None, **_: (
        target or (lambda function: function)
    )

    import flexmeasures.app

    if fake_redis:
        from flexmeasures.tests.utils import RQCompatibleFakeStrictRedis

        flexmeasures.app.Redis = lambda host, port, db, **_: (
            RQCompatibleFakeStrictRedis(host=host, port=port, db=db)
        )
    return flexmeasures.app.create(path_to_config=config)


def main() -> None:
    """Obey the commands on the standard input until it ends."""
    config, redis = sys.argv[1:]
    # The answers have the standard output for themselves: whatever else is printed belongs in the log.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    processes = Processes(
        create_app(config, fake_redis=redis == "fake"), worker_thread=redis == "fake"
    )
    commands: dict[str, Callable[..., object]] = {
        "prepare": processes.prepare,
        "finish_jobs": processes.finish_jobs,
        "forget": processes.forget,
        "start_web": processes.start_web,
        "start_worker": processes.start_worker,
        "stop": processes.stop,
    }
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer: dict[str, object]
        try:
            answer = {"result": commands[name](*arguments)}
        except Exception as error:
            logging.getLogger(__name__).exception("%s failed", name)
            answer = {"error": f"{name} failed: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
