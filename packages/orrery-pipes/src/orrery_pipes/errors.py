"""What goes wrong on the external side, and the checks of arguments that say so."""

from __future__ import annotations

from typing import Any, Iterable, Mapping


class PipesError(Exception):
    """Raised when Pipes is used wrongly, or when the orchestrator handed over something that cannot be used."""


class PipesSerializationError(PipesError, TypeError):
    """Raised when a value that is to be sent has no JSON form."""


class PipesMessageTooLongError(PipesError, ValueError):
    """
    Raised when a message is longer than the orchestrator takes; it was not sent, and all later ones can be.

    Args:
        method: Of the message.
        size_bytes: Of the message.
        longest_bytes: What the orchestrator takes.
    """

    def __init__(self, method: str, size_bytes: int, longest_bytes: int):
        super().__init__(
            f"Cannot send a `{method}` message of {size_bytes} bytes: the orchestrator takes at most {longest_bytes}. "
            "Hand a large value over by reference, with `put_value`; or write it to a store, and report where."
        )
        self.longest_bytes = longest_bytes


class PipesWarning(Warning):
    """Issued when a process opens Pipes that no orchestrator launched."""


def _kind(value: Any) -> str:
    """Return the name of the class of *value*, with its module where it is no built-in: numpy has a `bool` as well."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def check_param_type(value: Any, expected: type, method: str, param: str) -> None:
    """Raise unless *value*, the argument *param* of *method*, is an *expected*."""
    if not isinstance(value, expected):
        raise PipesError(
            f"Invalid type for parameter `{param}` of `{method}`. Expected `{expected.__name__}`, got `{_kind(value)}`."
        )


def check_opt_param_type(value: Any, expected: type, method: str, param: str) -> None:
    """Raise unless *value*, the argument *param* of *method*, is an *expected* or None."""
    if value is not None and not isinstance(value, expected):
        raise PipesError(
            f"Invalid type for parameter `{param}` of `{method}`. Expected `{expected.__name__}` or `None`, got "
            f"`{_kind(value)}`."
        )


def check_param_value(value: Any, allowed: Iterable[Any], method: str, param: str) -> None:
    """Raise unless *value*, the argument *param* of *method*, is one of *allowed*."""
    choices = list(allowed)
    if value not in choices:
        raise PipesError(
            f"Invalid value for parameter `{param}` of `{method}`. Expected one of {choices}, got `{value}`."
        )


def require_str(params: Mapping[str, Any], key: str, user: type) -> str:
    """Return the string that the orchestrator handed over as *key* for *user*, or raise."""
    value = params.get(key)
    if not isinstance(value, str):
        raise PipesError(_wrong_handed_over(key, user, "str", value))
    return value


def optional_str(params: Mapping[str, Any], key: str, user: type) -> str | None:
    """Return the string that the orchestrator handed over as *key* for *user*, or None; raise on all else."""
    value = params.get(key)
    if value is not None and not isinstance(value, str):
        raise PipesError(_wrong_handed_over(key, user, "str` or `None", value))
    return value


def require_mapping(params: Mapping[str, Any], key: str, user: type) -> Mapping[str, Any]:
    """Return the mapping that the orchestrator handed over as *key* for *user*, or raise."""
    value = params.get(key)
    if not isinstance(value, dict):
        raise PipesError(_wrong_handed_over(key, user, "dict", value))
    return value


def require_bool(params: Mapping[str, Any], key: str, user: type) -> bool:
    """Return the truth value that the orchestrator handed over as *key* for *user*, or raise."""
    value = params.get(key)
    if not isinstance(value, bool):
        raise PipesError(_wrong_handed_over(key, user, "bool", value))
    return value


def optional_int(params: Mapping[str, Any], key: str, user: type) -> int | None:
    """Return the whole number that the orchestrator handed over as *key* for *user*, or None; raise on all else."""
    value = params.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise PipesError(_wrong_handed_over(key, user, "int` or `None", value))
    return value


def _wrong_handed_over(key: str, user: type, expected: str, value: Any) -> str:
    return (
        f"Invalid type for parameter `{key}` passed from the orchestration side to `{user.__name__}`. "
        f"Expected `{expected}`, got `{type(value).__name__}`."
    )
