"""Where params and the context come from."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import orrery_pipes
from orrery_pipes import (
    PipesCliArgsParamsLoader,
    PipesContextLoader,
    PipesDatabricksNotebookWidgetsParamsLoader,
    PipesDefaultContextLoader,
    PipesEnvVarParamsLoader,
    PipesError,
    PipesMappingParamsLoader,
    decode_env_var,
    decode_param,
    encode_env_var,
    encode_param,
    to_asset_key_path,
)

Launch = Callable[..., Any]
CONTEXT, MESSAGES = encode_param({"path": "c"}), encode_param({"path": "m"})


# --- encoding


@pytest.mark.parametrize("value", [None, 1, "é😀", [1, {"a": None}], {"path": "/tmp/x"}])
def test_decode_env_var_undoes_encode_env_var(value: Any) -> None:
    assert decode_env_var(encode_env_var(value)) == value
    assert decode_param(encode_param(value)) == value


def test_decode_env_var_takes_json_in_zlib_in_base64() -> None:
    """The text is what the reference makes of the value."""
    assert decode_env_var("eJyrVkpUslIw1FFQiik1MEi1BHLArLRkpVoAYh8HIA==") == {"a": 1, "é": "ü"}


def test_encode_env_var_refuses_what_has_no_json_form() -> None:
    with pytest.raises(PipesError, match="parameter `value` of `encode_param`"):
        encode_env_var(object())


@pytest.mark.parametrize(
    ("key", "path"),
    [("a/b", ["a", "b"]), (r"a\/b/c", ["a/b", "c"]), (r"a\\b", [r"a\b"]), ("", []), ("/", [""]), ("a\\", ["a"])],
)
def test_to_asset_key_path(key: str, path: list[str]) -> None:
    assert to_asset_key_path(key) == path


# --- params


def test_mapping_params_loader() -> None:
    loader = PipesMappingParamsLoader({"DAGSTER_PIPES_CONTEXT": CONTEXT, "DAGSTER_PIPES_MESSAGES": MESSAGES})
    assert loader.is_dagster_pipes_process()
    assert loader.load_context_params() == {"path": "c"}
    assert loader.load_messages_params() == {"path": "m"}
    assert not PipesMappingParamsLoader({"DAGSTER_PIPES_MESSAGES": MESSAGES}).is_dagster_pipes_process()


@pytest.mark.parametrize("text", ["x", "", "eJw=", encode_param([1])])
def test_params_that_cannot_be_decoded_are_refused(text: str) -> None:
    loader = PipesMappingParamsLoader({"DAGSTER_PIPES_CONTEXT": text})
    with pytest.raises(PipesError, match="DAGSTER_PIPES_CONTEXT"):
        loader.load_context_params()


def test_env_var_params_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_PIPES_CONTEXT", raising=False)
    assert not PipesEnvVarParamsLoader().is_dagster_pipes_process()
    monkeypatch.setenv("DAGSTER_PIPES_CONTEXT", CONTEXT)
    monkeypatch.setenv("DAGSTER_PIPES_MESSAGES", MESSAGES)
    loader = PipesEnvVarParamsLoader()
    assert (loader.is_dagster_pipes_process(), loader.load_context_params()) == (True, {"path": "c"})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dagster-pipes-context", CONTEXT, "--dagster-pipes-messages", MESSAGES],
        ["run", f"--dagster-pipes-messages={MESSAGES}", "--other", "3", f"--dagster-pipes-context={CONTEXT}"],
    ],
)
def test_cli_args_params_loader(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["script", *arguments])
    loader = PipesCliArgsParamsLoader()
    assert loader.is_dagster_pipes_process()
    assert (loader.load_context_params(), loader.load_messages_params()) == ({"path": "c"}, {"path": "m"})


def test_cli_args_params_loader_without_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["script", "-h"])
    loader = PipesCliArgsParamsLoader()
    assert not loader.is_dagster_pipes_process()
    with pytest.raises(PipesError, match="no value for --dagster-pipes-messages"):
        loader.load_messages_params()
    monkeypatch.setattr(sys, "argv", ["script", "--dagster-pipes-context"])
    with pytest.raises(PipesError, match="lacks its value"):
        loader.is_dagster_pipes_process()


def test_cli_args_reach_a_real_process(launch: Launch, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from orrery_pipes import *\n"
        "with open_pipes(params_loader=PipesCliArgsParamsLoader()) as c:\n    print(c.run_id)\n"
    )
    arguments = [
        *("--dagster-pipes-context", encode_param({"data": {"run_id": "by hand"}})),
        *("--dagster-pipes-messages", encode_param({"path": str(tmp_path / "m")})),
    ]
    finished = launch([sys.executable, str(script), *arguments], environment={})
    assert finished.stdout == "by hand\n"


def test_cli_parser_leaves_help_to_the_program() -> None:
    from argparse import ArgumentParser

    program = ArgumentParser(parents=[orrery_pipes.PIPES_CLI_PARSER])
    known, rest = program.parse_known_args(["--dagster-pipes-context", "x", "mine"])
    assert (known.dagster_pipes_context, known.dagster_pipes_messages, rest) == ("x", None, ["mine"])


class Widgets:
    """The widgets of a notebook: those that are not there raise an error of Java."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def get(self, name: str) -> str:
        if name not in self.values:
            raise RuntimeError(f"InputWidgetNotDefined: no input widget named {name} is defined")
        return self.values[name]


def test_databricks_notebook_widgets_params_loader() -> None:
    widgets = Widgets({"DAGSTER_PIPES_CONTEXT": CONTEXT, "DAGSTER_PIPES_MESSAGES": MESSAGES})
    loader = PipesDatabricksNotebookWidgetsParamsLoader(widgets)
    assert loader.is_dagster_pipes_process()
    assert (loader.load_context_params(), loader.load_messages_params()) == ({"path": "c"}, {"path": "m"})
    assert not PipesDatabricksNotebookWidgetsParamsLoader(Widgets({})).is_dagster_pipes_process()


# --- context


def loaded(loader: PipesContextLoader, params: Any) -> Any:
    with loader.load_context(params) as data:
        return data


def test_default_context_loader_takes_a_file_or_the_params(tmp_path: Path) -> None:
    (tmp_path / "c").write_text('{"run_id": "é"}', encoding="utf-8")
    loader = PipesDefaultContextLoader()
    assert loaded(loader, {"path": str(tmp_path / "c"), "data": {}}) == {"run_id": "é"}
    assert loaded(loader, {"data": {"run_id": "2"}}) == {"run_id": "2"}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"bucket": "b"}, "expected key `path` or `data`, received ['bucket']"),
        ({"path": 3}, "Invalid type for parameter `path`"),
        ({"data": "x"}, "Invalid type for parameter `data`"),
    ],
)
def test_default_context_loader_refuses_params_of_others(params: Any, text: str) -> None:
    with pytest.raises(PipesError) as caught:
        loaded(PipesDefaultContextLoader(), params)
    assert text in str(caught.value)


def test_context_loader_of_ones_own_stays_open_until_the_context_is_closed(forget: None, tmp_path: Path) -> None:
    events = []

    class Loader(PipesContextLoader):
        @contextmanager
        def load_context(self, params: Any) -> Iterator[Any]:
            events.append(params)
            yield {"run_id": "mine"}
            events.append("closed")

    params = {
        "DAGSTER_PIPES_CONTEXT": encode_param({"where": 1}),
        "DAGSTER_PIPES_MESSAGES": encode_param({"path": str(tmp_path / "m")}),
    }
    context = orrery_pipes.open_pipes(context_loader=Loader(), params_loader=PipesMappingParamsLoader(params))
    assert (context.run_id, events) == ("mine", [{"where": 1}])
    context.close()
    assert events == [{"where": 1}, "closed"]
    assert json.loads((tmp_path / "m").read_text().splitlines()[-1])["method"] == "closed"
