"""A project of a few assets in a folder, and the command in it: for walks through the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.support.command import COMMAND, run_command

__all__ = ["SHOP", "Shop", "new_shop"]

SHOP = '''\
"""A shop."""

import os
import sys
import time

import orrery as og


@og.asset(group_name="raw", kinds={"csv"}, owners=["ada@example.org"])
def orders(context: og.AssetExecutionContext) -> list[int]:
    """What was ordered.

    A second paragraph."""
    print("printed by orders")
    context.log.info("three orders\\n12:00:00 done     forged")
    context.add_output_metadata({"row_count": 3, "note": "a\\x1b[31mb", "preview": og.MetadataValue.md("# Head\\n- x")})
    return [1, 2, 3]


@og.asset
def users(orders: list[int]) -> list[str]:
    """Who ordered."""
    return [f"user {number}" for number in orders]


@og.asset
def report(users: list[str]) -> str:
    """All in one."""
    if os.environ.get("SHOP_FAILS"):
        number = 1
        raise ValueError(f"no report for {len(users)} users")
    return ", ".join(users)


@og.asset
def mail(report: str) -> None:
    """What is sent."""


@og.asset_check(asset=report)
def names_everybody(report: str) -> og.AssetCheckResult:
    return og.AssetCheckResult(passed="user 3" in report, description="every user is named")


class Door(og.ConfigurableResource):
    """A door that is closed in the end."""

    def teardown_after_execution(self, context: og.InitResourceContext) -> None:
        print("door closed", file=sys.stderr, flush=True)


class Wait(og.Config):
    """How long to wait."""

    seconds: float = 0.0


@og.asset(group_name="slow")
def slow(config: Wait, door: Door) -> int:
    print("slow began", file=sys.stderr, flush=True)
    time.sleep(config.seconds)
    return 1


@og.multi_asset(outs={"left": og.AssetOut(), "right": og.AssetOut()})
def both():
    yield og.Output(1, "left")
    yield og.Output(2, "right")


elsewhere = og.AssetSpec("elsewhere", description="Made by others.")

defs = og.Definitions(
    assets=[orders, users, report, mail, slow, both, elsewhere],
    asset_checks=[names_everybody],
    jobs=[og.define_asset_job("nightly", selection="orders*", description="Each night.")],
    resources={"door": Door()},
)
'''


class Shop:
    """A project in a folder of its own, and the command in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("ORRERY_HOME", "COLUMNS", "TERM", "NO_COLOR", "FORCE_COLOR")
        }
        self.before: Callable[[], None] | None = None
        self.environment |= {"PYTHONDONTWRITEBYTECODE": "1", "TERM": "xterm"}

    def arguments(self, *words: str) -> list[str]:
        return [sys.executable, "-c", COMMAND, *words]

    def __call__(self, *words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = run_command(
            *words, cwd=self.folder, env={**self.environment, **environment}, timeout=60, before=self.before
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def started(self, *words: str, by: Sequence[str] = (), stdout: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Return the command under way, as an argument of *by* if given; what it says of itself can be read."""
        return subprocess.Popen(
            [*by, *self.arguments(*words)],
            cwd=self.folder,
            env=self.environment,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *words: str, **options: Any) -> Any:
        return json.loads(self(*words, "--json", **options).stdout)


def new_shop(folder: Path) -> Shop:
    (folder / "pyproject.toml").write_text('[tool.orrery]\nmodule_name = "shop"\n', encoding="utf-8")
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    return Shop(folder)
