"""Runs with reuse whose assets say for themselves that they ran."""

from typing import Any

from orrery.api.verbs.materialize import materialize
from orrery.runtime.instance.instance import Instance

__all__ = ["ran", "run"]

ran: list[str] = []
"""The names of what ran since it was emptied: the functions of assets append theirs."""


def run(assets: list[Any], instance: Instance, **options: Any) -> list[str]:
    """Materialize and return the names of what ran."""
    ran.clear()
    options.setdefault("reuse", True)
    result = materialize(assets, instance=instance, on_event=lambda entry: None, **options)
    assert result.success
    return list(ran)
