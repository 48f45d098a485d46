"""
What is wrong with a config, as values, and how it is told.

A walk over schema and value (``scalars.py``, ``schema.py``) leaves one :class:`Problem` for each fault;
:func:`config_error` makes one error of them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from orrery.base.errors import InvalidConfigError, nearest
from orrery.model.config.reasons import REASONS, EvaluationErrorReason, EvaluationStack, stack_of

__all__ = [
    "MASK",
    "Path",
    "Problem",
    "ProblemKind",
    "Walk",
    "at",
    "config_error",
    "raise_if_problems",
    "render_path",
    "show_value",
]

Path = tuple[str | int, ...]
"""Where in a config a value lies: names of fields and keys, numbers of list members."""

ProblemKind = Literal[
    "type_mismatch",
    "unexpected_entry",
    "missing_entry",
    "not_one_choice",
    "unset_environment_variable",
    "bad_environment_variable",
    "limit",
    "refused",
]

MASK = "********"
_SHOWN_LENGTH = 200


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """
    One fault of a config.

    Attributes:
        kind: Which fault.
        path: Where it lies.
        message: What is wrong, as told to people.
        given: What was given there, as text; masked if the field is a secret; None if nothing was given.
        expected: What the schema expects there, as text.
        nearest: The known name nearest to an unknown one, if any is near.
        environment_variable: The variable that the value was to come from, if any.
    """

    kind: ProblemKind
    path: Path
    message: str
    given: str | None = None
    expected: str | None = None
    nearest: str | None = None
    environment_variable: str | None = None

    def __str__(self) -> str:
        return self.message

    @property
    def reason(self) -> EvaluationErrorReason:
        """Return which fault, in the words of the compatible package."""
        if self.kind == "missing_entry" and self.expected is not None and ", " in self.expected:
            return EvaluationErrorReason.MISSING_REQUIRED_FIELDS
        return REASONS[self.kind]

    @property
    def stack(self) -> EvaluationStack:
        """Return where the fault lies, step by step from the root."""
        return stack_of(self.path)


class Walk(msgspec.Struct):
    """
    One walk over a value: the environment it may look at, and the problems found on the way.

    Attributes:
        environment: Variables by name; None if references are to be left as they are.
        problems: The problems found so far.
        is_secret: Whether the walk is below a field marked as a secret.
        from_environment: Where values were read from the environment; they are masked, for they may be secrets.
    """

    environment: Mapping[str, str] | None = None
    problems: list[Problem] = []
    is_secret: bool = False
    from_environment: set[Path] = set()

    def show(self, value: object) -> str:
        """Return *value* as text for a message: masked below a secret, cut if long."""
        return MASK if self.is_secret else show_value(value)

    def add_mismatch(self, path: Path, value: object, expected: str) -> None:
        """Note that *value* is not what the schema expects at *path*."""
        if value is None:
            message = f'Value {at(path)} must not be None. Expected "{expected}"'
        else:
            message = (
                f"Invalid scalar {at(path)}. "
                f'Value "{self.show(value)}" of type "{type(value)}" is not valid for expected type "{expected}".'
            )
        self.problems.append(
            Problem(kind="type_mismatch", path=path, message=message, given=self.show(value), expected=expected)
        )

    def add_shape_mismatch(self, path: Path, value: object, expected: str, container: str) -> None:
        """Note that a *container* ("dict", "list") was expected at *path*, and *value* is none."""
        if value is None:
            self.add_mismatch(path, value, expected)
            return
        self.problems.append(
            Problem(
                kind="type_mismatch",
                path=path,
                message=f'Value {at(path)} must be {container}. Expected: "{expected}".',
                given=self.show(value),
                expected=expected,
            )
        )

    def add_unexpected(self, path: Path, name: object, known: Iterable[str], expected: str) -> None:
        """Note an entry *name* at *path* that the schema does not know."""
        near = nearest(name, known) if isinstance(name, str) else None
        hint = f' Did you mean "{near}"?' if near is not None else ""
        self.problems.append(
            Problem(
                kind="unexpected_entry",
                path=path,
                message=f'Received unexpected config entry "{show_value(name)}" {at(path)}.{hint} '
                f'Expected: "{expected}".',
                given=show_value(name),
                expected=expected,
                nearest=near,
            )
        )

    def add_missing(self, path: Path, names: Sequence[str], example: Mapping[str, Any]) -> None:
        """Note that required entries *names* are missing at *path*; *example* shows how they may look."""
        if len(names) == 1:
            message = (
                f'Missing required config entry "{names[0]}" {at(path)}. '
                "You must provide this value in your run config. "
                f"Example config for the missing entry: {dict(example)!r}"
            )
        else:
            message = (
                f"Missing required config entries {list(names)!r} {at(path)}. "
                "You must provide these values in your run config. "
                f"Example config for the missing entries: {dict(example)!r}"
            )
        self.problems.append(Problem(kind="missing_entry", path=path, message=message, expected=", ".join(names)))

    def add_choice(self, path: Path, given: Sequence[str], known: Sequence[str]) -> None:
        """Note that a selector at *path* was given *given* where exactly one of *known* is wanted."""
        if not given:
            message = f"Must specify a field {at(path)} if more than one field is defined. Defined fields: {known!r}"
        else:
            message = (
                f"You can only specify a single field {at(path)}. You specified {given!r}. "
                f"The available fields are {known!r}"
            )
        self.problems.append(
            Problem(kind="not_one_choice", path=path, message=message, given=str(given), expected=str(known))
        )

    def add_unset_variable(self, path: Path, name: str) -> None:
        """Note that the environment variable *name*, wanted at *path*, is not set."""
        self.problems.append(
            Problem(
                kind="unset_environment_variable",
                path=path,
                message=f'You have attempted to fetch the environment variable "{name}" which is not set, '
                f"for the value {at(path)}. In order for this execution to succeed it must be set in this environment.",
                expected="a value",
                environment_variable=name,
            )
        )

    def add_bad_variable(self, path: Path, name: str, expected: str, reason: str) -> None:
        """Note that the environment variable *name* holds a text that is no *expected*; its text is not shown."""
        self.problems.append(
            Problem(
                kind="bad_environment_variable",
                path=path,
                message=f'Value stored in env variable "{name}" cannot be coerced into {expected}, '
                f"for the value {at(path)}: {reason}.",
                expected=expected,
                environment_variable=name,
            )
        )

    def add_limit(self, path: Path, value: object, reason: str) -> None:
        """Note that a limit or validator of a config class refuses *value*, for *reason*."""
        hidden = any(each[: len(path)] == path for each in self.from_environment)
        given = MASK if hidden else self.show(value)
        message = f'Value "{given}" {at(path)} is refused: {reason}.'
        self.problems.append(Problem(kind="limit", path=path, message=message, given=given, expected=reason))

    def add_refused(self, path: Path, message: str, *, given: str | None = None, expected: str | None = None) -> None:
        """Note a fault that no other kind tells."""
        self.problems.append(Problem(kind="refused", path=path, message=message, given=given, expected=expected))


def show_value(value: object) -> str:
    """Return *value* as a short text, whatever it is; a value whose own text fails is shown by its type."""
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001 - the value is the user's: its __str__ may raise anything
        return f"<{type(value).__name__} whose text raises {type(error).__name__}>"
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}... ({len(text)} characters)"


def render_path(path: Path) -> str:
    """
    Return *path* as text.

    >>> render_path(("ops", "load", "config", "files", 2))
    'root:ops:load:config:files[2]'
    """
    parts = ["root"]
    for part in path:
        parts.append(f"[{part}]" if isinstance(part, int) else f":{part}")
    return "".join(parts)


def at(path: Path) -> str:
    """Return *path* as the end of a sentence."""
    return f"at path {render_path(path)}" if path else "at the root"


def config_error(problems: Sequence[Problem], *, subject: str) -> InvalidConfigError:
    """
    Return one error that tells all *problems*.

    Args:
        problems: At least one.
        subject: What the config is for, for example ``"job 'nightly'"``.
    """
    lines = [f"Error in config for {subject}"]
    lines += [f"    Error {number}: {problem.message}" for number, problem in enumerate(problems, start=1)]
    mends = dict.fromkeys(_mend(problem) for problem in problems)
    return InvalidConfigError("\n".join(lines), mend="; ".join(list(mends)[:5]) + ".", problems=problems)


def _mend(problem: Problem) -> str:
    if problem.kind == "unset_environment_variable" or problem.kind == "bad_environment_variable":
        return f"set the environment variable '{problem.environment_variable}' to {problem.expected}"
    if problem.kind == "unexpected_entry":
        near = problem.nearest
        return f"write '{near}' for '{problem.given}'" if near else f"leave out '{problem.given}'"
    if problem.kind == "missing_entry":
        return f"add {problem.expected} {at(problem.path)}"
    if problem.kind == "not_one_choice":
        return f"give exactly one of {problem.expected} {at(problem.path)}"
    if problem.kind == "limit":
        return f"correct the value {at(problem.path)}"
    return f"give {problem.expected or 'a value that is accepted'} {at(problem.path)}"


def raise_if_problems(problems: Sequence[Problem], *, subject: str) -> None:
    """Raise :class:`~orrery.base.errors.InvalidConfigError` if there is any problem."""
    if problems:
        raise config_error(problems, subject=subject)
