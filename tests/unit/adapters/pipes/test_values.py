"""Large values go by reference, and progress is told: real processes inside a real step, values stored by real IO managers."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import orrery

PACKAGE = Path(__file__).resolve().parents[4] / "packages" / "orrery-pipes" / "src"
OPEN = "from orrery_pipes import *\nwith open_pipes() as context:\n"
Run = Callable[..., Any]


class Own:
    """A value that only pickle takes, were it known to both sides."""


@pytest.fixture
def run(step: Run, tmp_path: Path) -> Run:
    """Return a function that runs code as the process of the asset ``a``, with such values."""
    script = tmp_path / "script.py"

    def launch(code: str, values: Any = None, **client_options: Any) -> Any:
        script.write_text(code)

        def body(context: Any, kept: dict[str, Any]) -> Any:
            client = orrery.PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)}, **client_options)
            kept["invocation"] = client.run(context=context, command=[sys.executable, str(script)], values=values)
            kept["result"] = kept["invocation"].get_materialize_result()
            return kept["result"]

        return step(body)

    return launch


ECHO = OPEN + "    context.put_value(context.get_value('v'))\n"


@pytest.mark.parametrize(
    "value",
    ["é\n", b"\x00\xff", None, [1, {"a": 2.5}], (1, 2), {1: "a"}, {"a": (1,)}, float("inf"), range(3), "\ud800"],
    ids=repr,
)
def test_value_comes_back_as_it_was(run: Run, value: Any) -> None:
    ran = run(ECHO, {"v": value})
    assert ran.result.success, ran.error
    found = ran.result.output_for_node("a")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("library", [pl, pd])
def test_frame_goes_as_parquet_and_keeps_its_library(run: Run, library: Any) -> None:
    ran = run(ECHO, {"v": library.DataFrame({"a": [1, 2], "b": ["x", None]})})
    assert ran.result.success, ran.error
    found = ran.result.output_for_node("a")
    assert type(found) is library.DataFrame
    assert found["a"].to_list() == [1, 2]


def test_value_goes_through_no_message(run: Run, tmp_path: Path) -> None:
    code = (
        OPEN + "    sent = []\n    channel = context._channel\n    write = channel.write_message\n"
        "    def keep(message):\n        sent.append(len(str(message)))\n        write(message)\n"
        "    channel.write_message = keep\n    context.put_value('x' * 3_000_000)\n"
        "    context.report_asset_materialization({'longest': max(sent)})\n"
    )
    ran = run(code)
    assert ran.metadata["longest"] < 1000
    assert ran.result.output_for_node("a") == "x" * 3_000_000


def test_external_process_loads_what_is_upstream_and_stores_its_own_by_the_io_manager(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(OPEN + "    context.put_value([2 * n for n in context.get_value('orders')])\n")

    @orrery.asset
    def orders() -> list[int]:
        return [1, 2, 3]

    @orrery.asset
    def doubled(context: orrery.AssetExecutionContext, orders: list[int]) -> Any:
        client = orrery.PipesSubprocessClient(env={"PYTHONPATH": str(PACKAGE)})
        command = [sys.executable, str(script)]
        return client.run(context=context, command=command, values={"orders": orders}).get_materialize_result()

    @orrery.asset
    def total(doubled: list[int]) -> int:
        return sum(doubled)

    manager = orrery.FilesystemIOManager(base_dir=str(tmp_path / "values"))
    assert (
        orrery.materialize([orders, doubled, total], resources={"io_manager": manager}).output_for_node("total") == 12
    )


# --- what goes wrong


def test_value_that_is_not_given_is_named(run: Run) -> None:
    error = run(OPEN + "    context.get_value('order')\n", {"orders": 1}).error
    assert "Value `order` is undefined. Values are given at the launch; there are ['orders']." in error


def test_value_that_was_changed_after_it_was_told_fails_the_step(run: Run) -> None:
    code = (
        OPEN + "    import glob\n    context.put_value('right')\n"
        "    (path,) = glob.glob(context._offered['values']['folder'] + '/*.text')\n    open(path, 'w').write('wrong')\n"
    )
    assert "is not there, or not what was written" in run(code).error


@pytest.mark.parametrize("make", ["os.mkfifo(path)", "os.mkdir(path)", "path = at['socket']['path']"])
def test_what_is_no_plain_file_is_not_read(run: Run, make: str) -> None:
    """A pipe would be waited for without end."""
    code = (
        OPEN + f"    import os\n    at = context._offered\n    path = at['values']['folder'] + '/x'\n    {make}\n"
        "    told = {'path': path, 'format': 'text', 'frame': None, 'sha256': 'x', 'size_bytes': 1}\n"
        "    context._write_message('report_value', {'asset_key': 'a', 'value': told})\n"
    )
    assert "is not there, or not what was written" in run(code).error


def test_file_elsewhere_is_not_read(run: Run) -> None:
    """What a process names must lie in the folder that it was given."""
    code = (
        OPEN + "    told = {'path': '/etc/passwd', 'format': 'text', 'frame': None, 'sha256': 'x', 'size_bytes': 1}\n"
        "    context._write_message('report_value', {'asset_key': 'a', 'value': told})\n"
    )
    ran = run(code)
    (warning,) = ran.warnings
    assert "the file /etc/passwd does not lie in the folder for values" in warning


def test_values_need_a_reader_of_this_machine(run: Run, tmp_path: Path) -> None:
    reader = orrery.PipesFileMessageReader(str(tmp_path / "messages"))
    error = run(ECHO, {"v": 1}, message_reader=reader).error
    assert "Values cannot go by reference: with PipesFileMessageReader" in error


def test_process_of_an_orchestrator_that_offers_no_folder_is_told(run: Run, tmp_path: Path) -> None:
    reader = orrery.PipesFileMessageReader(str(tmp_path / "messages"))
    assert (
        "the orchestrator offers no folder for values"
        in run(OPEN + "    context.put_value(1)\n", message_reader=reader).error
    )


def test_folder_of_values_is_gone_with_the_session(run: Run) -> None:
    ran = run(
        OPEN + "    context.report_custom_message(context._offered['values']['folder'])\n    context.put_value(1)\n"
    )
    (folder,) = ran.custom
    assert not Path(folder).exists()


# --- progress


def test_progress_is_told_once_a_percent(run: Run) -> None:
    code = "    for n in range(100_001):\n        context.report_progress(n, 100_000)\n    context.report_progress(5, text='end')\n"
    told = [text for _, text in run(OPEN + code).lines if text.startswith("[pipes] progress")]
    assert len(told) == 102
    assert told[50] == "[pipes] progress: 50000 of 100000 (50 %)"
    assert told[-1] == "[pipes] progress: 5: end"


@pytest.mark.parametrize("arguments", ["'x'", "True", "1, 'x'", "1, 2, 3"])
def test_wrong_progress_is_refused(run: Run, arguments: str) -> None:
    assert "PipesError: Invalid type for parameter" in run(OPEN + f"    context.report_progress({arguments})\n").error
