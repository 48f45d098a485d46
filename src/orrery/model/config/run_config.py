"""
The config of a run, as a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.base.arguments import check_kind
from orrery.base.errors import InvalidInvocationError
from orrery.model.config.configured import plain_config
from orrery.model.config.env import EnvReference
from orrery.model.config.marker import is_config_class, is_configurable_resource
from orrery.model.config.problems import show_value

__all__ = ["RunConfig", "merge_dicts", "merge_run_configs", "run_config_dict"]


class RunConfig:
    """
    The config of a run, with objects of config classes where one likes.

    Args:
        ops: By name of the op or asset: an object of its config class, or a dict ``{"config": ...}``.
        resources: By resource key: likewise.
        loggers: By name of the logger: a dict ``{"config": ...}``.
        execution: Of the executor: a dict ``{"config": ...}``.

    >>> RunConfig(ops={"load": {"config": {"path": "x"}}}).to_config_dict()["ops"]
    {'load': {'config': {'path': 'x'}}}
    """

    __slots__ = ("execution", "loggers", "ops", "resources")

    def __init__(
        self,
        ops: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        loggers: Mapping[str, Any] | None = None,
        execution: Mapping[str, Any] | None = None,
    ) -> None:
        self.ops = _by_name(ops, "ops")
        self.resources = _by_name(resources, "resources")
        self.loggers = _by_name(loggers, "loggers")
        self.execution = _by_name(execution, "execution")

    def to_config_dict(self) -> dict[str, Any]:
        """Return the config as dicts and lists; references to the environment stay references."""
        return {
            "loggers": {key: _entry(each) for key, each in self.loggers.items()},
            "resources": {key: _entry(each) for key, each in self.resources.items()},
            "ops": {key: _entry(each) for key, each in self.ops.items()},
            "execution": _entry(self.execution),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunConfig) and self.to_config_dict() == other.to_config_dict()

    def __hash__(self) -> int:
        return hash((tuple(self.ops), tuple(self.resources)))

    def __repr__(self) -> str:
        return (
            f"RunConfig(ops={self.ops!r}, resources={self.resources!r}, "
            f"loggers={self.loggers!r}, execution={self.execution!r})"
        )


def _by_name(given: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    if given is None:
        return {}
    return dict(check_kind(given, Mapping, name=name, of="RunConfig", wanted=f"a mapping: {name}={{'name': ...}}"))


def _entry(value: Any) -> Any:
    """Return the config of one op, resource or logger as a dict; graphs hold further ops."""
    if is_config_class(type(value)):
        return {"config": value.to_config_value()}
    if is_configurable_resource(value):
        return {"config": value.to_config_value()}
    if isinstance(value, EnvReference):
        return value.as_config()
    if isinstance(value, Mapping):
        return {
            key: {name: _entry(below) for name, below in each.items()}
            if key == "ops" and isinstance(each, Mapping)
            else plain_config(each)
            for key, each in value.items()
        }
    return value


def run_config_dict(run_config: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return *run_config*, however it was given, as a dict; empty sections are left out.

    Raises:
        InvalidInvocationError: It is neither a mapping nor a :class:`RunConfig`.
    """
    if run_config is None:
        return {}
    if isinstance(run_config, RunConfig):
        return {section: each for section, each in run_config.to_config_dict().items() if each}
    if not isinstance(run_config, Mapping):
        raise InvalidInvocationError(
            f"run_config is {show_value(run_config)} of type {type(run_config).__name__}.",
            mend="give a dict or a RunConfig.",
        )
    return {
        section: {name: _entry(below) for name, below in each.items()}
        if section in ("ops", "resources", "loggers") and isinstance(each, Mapping)
        else plain_config(each)
        for section, each in run_config.items()
    }


def merge_run_configs(*run_configs: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return the run configs as one dict; where two give the same entry, the later one holds.

    >>> merge_run_configs({"ops": {"a": {"config": {"x": 1, "y": 1}}}}, {"ops": {"a": {"config": {"y": 2}}}})
    {'ops': {'a': {'config': {'x': 1, 'y': 2}}}}
    """
    merged: dict[str, Any] = {}
    for each in run_configs:
        merged = merge_dicts(merged, run_config_dict(each))
    return merged


def merge_dicts(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return both dicts as one, entry by entry at every depth; where both give a value, the second holds."""
    merged = dict(first)
    for key, value in second.items():
        present = merged.get(key)
        merged[key] = (
            merge_dicts(present, value) if isinstance(present, Mapping) and isinstance(value, Mapping) else value
        )
    return merged
