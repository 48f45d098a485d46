"""What a launch is given is looked at before anything runs, and told in the words of who launches."""

from pathlib import Path
from typing import Any

import pytest

import orrery

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "extras without JSON": (
        {"extras": {"a": {1}}},
        "The extra 'a' of an external process has no JSON form",
        "large values",
    ),
    "extras of no names": ({"extras": [1]}, "are a mapping of names to values, not [1]", "extras={"),
    "extra by a pair": ({"extras": {(1, 2): 3}}, "The extra (1, 2) of an external process has no JSON form", "lists"),
    "no command": (
        {"command": []},
        "The command of an external process is []; it has no program to start",
        "command=[",
    ),
    "empty command": ({"command": ""}, "it has no program to start", "command=["),
    "number in the command": ({"command": ["echo", 3]}, "has the argument 3, which is no text", "str(...)"),
    "null in the command": ({"command": ["echo", "a\0"]}, "with a null sign in it", "as extras"),
    "a line for a shell": ({"command": "python x.py 'a b'"}, "No such file", "command=['python', 'x.py', 'a b']"),
    "variable of a number": (
        {"env": {"A": 1}},
        "The variable 'A' of an external process, given a value of int",
        "str(...)",
    ),
    "variable with an equals sign": ({"env": {"A=B": "1"}}, "The variable 'A=B'", "without '='"),
    "environment of no names": ({"env": ["A=1"]}, "is a mapping of names to texts, not ['A=1']", "env={"),
    "values of no names": ({"values": [1]}, "are a mapping of names to values, not [1]", "values={"),
    "value that is no data": (
        {"values": {"f": lambda: 1}},
        "A value of function cannot be handed over",
        "hand over data",
    ),
    "no context": ({"context": None}, "None is no context of one", "pass the context"),
}


def error_of(client: orrery.PipesSubprocessClient, **options: Any) -> str:
    """Return the error of a step that launches with *options*."""

    @orrery.asset
    def a(context: orrery.AssetExecutionContext) -> Any:
        return client.run(**{"context": context, "command": ["true"], **options}).get_materialize_result()

    result = orrery.materialize([a], raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    return str(failure.step_failure_data.error)


@pytest.mark.parametrize("case", WRONG)
def test_wrong_argument_is_told_before_anything_runs(case: str, tmp_path: Path) -> None:
    options, fault, mend = WRONG[case]
    sign = tmp_path / "ran"
    error = error_of(orrery.PipesSubprocessClient(), **{"command": ["touch", str(sign)], **options})
    told, _, tried = error.partition("Try: ")
    assert fault in told
    assert mend in tried
    assert not sign.exists()


@pytest.mark.parametrize("name", ["context_injector", "message_reader"])
def test_what_is_no_side_of_a_session_is_told(name: str) -> None:
    error = error_of(orrery.PipesSubprocessClient(**{name: "x"}))  # type: ignore[arg-type]
    expected = {"context_injector": "PipesContextInjector", "message_reader": "PipesMessageReader"}[name]
    assert f"An external process needs a {expected}, not 'x'." in error
    assert f"Try: make one, such as {expected.replace('Pipes', 'PipesTempFile')}()." in error


def test_value_of_a_variable_is_not_told() -> None:
    """It may be a secret."""
    assert "31337" not in error_of(orrery.PipesSubprocessClient(), env={"TOKEN": 31337}).partition("Stack Trace")[0]


def test_paths_are_taken_as_program_and_arguments(tmp_path: Path) -> None:
    client = orrery.PipesSubprocessClient(allow_unopened=True)

    @orrery.asset
    def a(context: orrery.AssetExecutionContext) -> Any:
        return client.run(context=context, command=["touch", tmp_path / "ran"]).get_materialize_result()

    assert orrery.materialize([a]).success
    assert (tmp_path / "ran").exists()
