"""
What becomes of a run when the server of its records goes: programs for ``python -m benchmarks.reliability``.

One private server serves both. The reference keeps records in PostgreSQL by a package of its own, ``dagster-postgres``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.reliability_runs import done, started
from orrery.testing.postgres import PostgresNotAvailable, PostgresServer

__all__ = ["POSTGRES_CASES"]

_SECONDS = 180.0
_GONE_SECONDS = 1.0


def _stops(server: PostgresServer, go_on: Callable[[], None]) -> None:
    server.stop()
    go_on()
    time.sleep(_GONE_SECONDS)
    server.start()


def _cuts(server: PostgresServer, go_on: Callable[[], None]) -> None:
    server.cut_connections()
    go_on()


def _in_mid_run(
    happens: Callable[[PostgresServer, Callable[[], None]], None], *, workers: bool = False
) -> Callable[[Path, Path], str]:
    """Let something happen to the server while a step waits; then the step goes on."""

    def measured(python: Path, place: Path) -> str:
        try:
            with PostgresServer() as server:
                _say_where(place / "home", server.new_database())
                variables = {"STEP": "waits", "FROM_HOME": "1", "WHERE": "workers" if workers else "in process"}
                process = started(python, place, "waiting", **variables)
                happens(server, (place / "go on").touch)
                process.wait(_SECONDS)
                return f"the run: {done(python, place, 'look', **variables)}"
        except PostgresNotAvailable:
            return "not measured: no PostgreSQL here"

    return measured


def _say_where(home: Path, url: str) -> None:
    """Write the settings of either side; each reads its own file, and JSON is YAML."""
    home.mkdir()
    (home / "orrery.yaml").write_text(json.dumps({"storage": {"url": url}}), encoding="utf-8")
    theirs = {"storage": {"postgres": {"postgres_url": url.replace("+psycopg:", "+psycopg2:")}}}
    (home / "dagster.yaml").write_text(json.dumps(theirs), encoding="utf-8")


POSTGRES_CASES: Mapping[str, Callable[[Path, Path], str]] = {
    "PostgreSQL is stopped in the midst of a run, and started again": _in_mid_run(_stops),
    "PostgreSQL cuts all connections in the midst of a run": _in_mid_run(_cuts),
    "PostgreSQL is stopped in the midst of a run with workers, and started again": _in_mid_run(_stops, workers=True),
}
"""Records on a server, and how a fault of it is measured: an interpreter and an empty folder in, a verdict out."""
