"""Every member of the context does what the reference says, in a real process that an orchestrator launches."""

from typing import Any

import pytest

WITH = "from orrery_pipes import *\nwith open_pipes() as context:\n"
DAY = {
    "partition_key": "2024-01-01",
    "partition_key_range": {"start": "2024-01-01", "end": "2024-01-01"},
    "partition_time_window": {"start": "2024-01-01T00:00:00+00:00", "end": "2024-01-02T00:00:00+00:00"},
}
RANGE = {"partition_key_range": {"start": "a", "end": "c"}}
SEVERAL = {
    "asset_keys": ["a", "b"],
    "code_version_by_asset_key": {"a": None, "b": "2"},
    "provenance_by_asset_key": {"a": None, "b": None},
}
NO_ASSET = {"asset_keys": None, "code_version_by_asset_key": None, "provenance_by_asset_key": None}
PROVENANCE = {"code_version": "v0", "input_data_versions": {"source": "7"}, "is_user_provided": False}


def told(launch: Any, expressions: list[str], **changes: Any) -> list[Any]:
    """Return the values of *expressions* in the process; of those that raise, the text of the error."""
    code = (
        f"{WITH}    values = []\n    for expression in {expressions!r}:\n        try:\n"
        "            values.append(eval(expression))\n        except PipesError as error:\n"
        "            values.append('PipesError: ' + str(error))\n    context.report_custom_message(values)\n"
    )
    finished = launch(code, **changes)
    assert finished.returncode == 0, finished.stderr
    values: list[Any] = finished.custom()
    return values


def body(launch: Any, code: str, **changes: Any) -> Any:
    return launch(WITH + "".join(f"    {line}\n" for line in code.splitlines()), **changes)


# --- what the step is about


def test_asset_key(launch: Any) -> None:
    assert told(launch, ["context.asset_key"]) == ["raw/orders"]


def test_asset_keys(launch: Any) -> None:
    assert told(launch, ["context.asset_keys"], **SEVERAL) == [["a", "b"]]


def test_is_asset_step(launch: Any) -> None:
    assert told(launch, ["context.is_asset_step"]) == [True]
    assert told(launch, ["context.is_asset_step"], **NO_ASSET) == [False]


def test_code_version(launch: Any) -> None:
    assert told(launch, ["context.code_version"]) == ["v1"]


def test_code_version_by_asset_key(launch: Any) -> None:
    assert told(launch, ["context.code_version_by_asset_key"], **SEVERAL) == [{"a": None, "b": "2"}]


def test_provenance(launch: Any) -> None:
    assert told(launch, ["context.provenance"]) == [PROVENANCE]


def test_provenance_by_asset_key(launch: Any) -> None:
    assert told(launch, ["context.provenance_by_asset_key"]) == [{"raw/orders": PROVENANCE}]


def test_is_partition_step(launch: Any) -> None:
    assert told(launch, ["context.is_partition_step"]) == [False]
    assert told(launch, ["context.is_partition_step"], **RANGE) == [True]


def test_partition_key(launch: Any) -> None:
    assert told(launch, ["context.partition_key"], **DAY) == ["2024-01-01"]


def test_partition_key_range(launch: Any) -> None:
    assert told(launch, ["context.partition_key_range"], **RANGE) == [{"start": "a", "end": "c"}]


def test_partition_time_window(launch: Any) -> None:
    assert told(launch, ["context.partition_time_window"], **DAY) == [DAY["partition_time_window"]]
    assert told(launch, ["context.partition_time_window"], **RANGE) == [None]


def test_run_id_and_job_name_and_retry_number(launch: Any) -> None:
    expressions = ["context.run_id", "context.job_name", "context.retry_number"]
    assert told(launch, expressions) == ["run-1", "nightly", 2]
    assert told(launch, expressions, job_name=None) == ["run-1", None, 2]


def test_extras(launch: Any) -> None:
    assert told(launch, ["context.extras"]) == [{"limit": 12, "names": ["a", "b"], "sign": "é😀"}]


def test_get_extra(launch: Any) -> None:
    found, missing = told(launch, ["context.get_extra('limit')", "context.get_extra('x')"])
    assert found == 12
    assert missing.startswith("PipesError: Extra `x` is undefined.")


OF_ONE_ASSET = ["asset_key", "provenance", "code_version"]
OF_ASSETS = ["asset_key", "asset_keys", "provenance", "provenance_by_asset_key", "code_version"]
OF_PARTITIONS = ["partition_key", "partition_key_range", "partition_time_window"]


def test_what_is_of_one_asset_raises_if_several_are_in_scope(launch: Any) -> None:
    values = told(launch, [f"context.{name}" for name in OF_ONE_ASSET], **SEVERAL)
    assert values == [
        f"PipesError: `{name}` is undefined. Current step targets multiple assets." for name in OF_ONE_ASSET
    ]


def test_what_is_of_assets_raises_if_none_is_in_scope(launch: Any) -> None:
    names = [*OF_ASSETS, "code_version_by_asset_key"]
    values = told(launch, [f"context.{name}" for name in names], **NO_ASSET)
    assert values == [
        f"PipesError: Missing required property: `{name}` is undefined. Current step does not target an asset."
        for name in names
    ]


def test_what_is_of_partitions_raises_if_none_is_in_scope(launch: Any) -> None:
    values = told(launch, [f"context.{name}" for name in OF_PARTITIONS])
    assert values == [
        f"PipesError: Missing required property: `{name}` is undefined. Current step does not target any partitions."
        for name in OF_PARTITIONS
    ]


def test_partition_key_raises_if_several_are_in_scope(launch: Any) -> None:
    (value,) = told(launch, ["context.partition_key"], **RANGE)
    assert "multiple partitions" in value


# --- reports


def test_report_asset_materialization(launch: Any) -> None:
    finished = body(launch, "context.report_asset_materialization(metadata={'rows': 3}, data_version='7')")
    assert finished.params_of("report_asset_materialization") == [
        {
            "asset_key": "raw/orders",
            "data_version": "7",
            "metadata": {"rows": {"raw_value": 3, "type": "__infer__"}},
        }
    ]


def test_report_asset_check(launch: Any) -> None:
    finished = body(
        launch,
        "context.report_asset_check('a', True)\n"
        "context.report_asset_check('b', False, severity='WARN', metadata={'x': {'raw_value': 'y', 'type': 'md'}})",
    )
    assert finished.params_of("report_asset_check") == [
        {"asset_key": "raw/orders", "check_name": "a", "passed": True, "metadata": None, "severity": "ERROR"},
        {
            "asset_key": "raw/orders",
            "check_name": "b",
            "passed": False,
            "metadata": {"x": {"raw_value": "y", "type": "md"}},
            "severity": "WARN",
        },
    ]


def test_report_custom_message(launch: Any) -> None:
    finished = body(launch, "context.report_custom_message({'a': [1, None, 'é']})")
    assert finished.custom() == {"a": [1, None, "é"]}


def test_log(launch: Any) -> None:
    finished = body(
        launch,
        "context.log.debug('d')\ncontext.log.info('i %s', 1)\ncontext.log.warning('w')\n"
        "context.log.error('e')\ncontext.log.critical('c')",
    )
    assert [(line["level"], line["message"]) for line in finished.params_of("log")] == [
        ("DEBUG", "d"),
        ("INFO", "i 1"),
        ("WARNING", "w"),
        ("ERROR", "e"),
        ("CRITICAL", "c"),
    ]


def test_log_external_stream(launch: Any) -> None:
    finished = body(launch, "context.log_external_stream('stdout', 'out\\n', {'pod': 1})")
    assert finished.params_of("log_external_stream") == [{"stream": "stdout", "text": "out\n", "extras": {"pod": 1}}]


# --- the life of a context


def test_open_pipes_reports_that_it_opened_and_closed(launch: Any) -> None:
    finished = body(launch, "pass")
    assert finished.messages == [
        {"__dagster_pipes_version": "0.1", "method": "opened", "params": {"extras": {}}},
        {"__dagster_pipes_version": "0.1", "method": "closed", "params": {}},
    ]


def test_open_pipes_returns_one_context(launch: Any) -> None:
    assert told(launch, ["open_pipes() is context"]) == [True]


def test_open_pipes_without_an_orchestrator_warns_and_does_nothing(launch: Any) -> None:
    finished = launch(
        WITH + "    context.log.info('x')\n    context.report_asset_materialization(metadata={'a': object()})\n"
        "    open_pipes().report_asset_check('x', passed=3)\n    print('ran', PipesContext.get() is context)\n",
        environment={},
    )
    assert (finished.returncode, finished.stdout) == (0, "ran True\n")
    assert finished.stderr.count("PipesWarning: This process was not launched by an orchestrator.") == 1


def test_a_context_that_does_nothing_hides_no_exception(launch: Any) -> None:
    finished = launch(WITH + "    raise KeyError('seen')\n", environment={})
    assert finished.returncode == 1
    assert "KeyError: 'seen'" in finished.stderr


def test_get_and_set_and_is_initialized(launch: Any) -> None:
    assert told(launch, ["PipesContext.is_initialized()", "PipesContext.get() is context"]) == [True, True]
    finished = launch(
        "from orrery_pipes import *\nprint(PipesContext.is_initialized())\n"
        "try:\n    PipesContext.get()\nexcept PipesError as error:\n    print(error)\n"
        "PipesContext.set('mine')\nprint(PipesContext.get(), open_pipes())\n"
    )
    assert finished.stdout == ("False\nPipesContext has not been initialized. Call `open_pipes()` first.\nmine mine\n")


def test_is_closed_and_close_is_idempotent(launch: Any) -> None:
    finished = body(
        launch,
        "print(context.is_closed)\ncontext.close()\ncontext.close({'message': 'late'})\nprint(context.is_closed)\n"
        "for report in (context.report_asset_materialization, lambda: context.log.info('x')):\n"
        "    try:\n        report()\n    except PipesError as error:\n        print(error)",
    )
    assert finished.stdout == "False\nTrue\n" + "Cannot send message after pipes context is closed.\n" * 2
    assert finished.methods == ["opened", "closed"]
    assert finished.params_of("closed") == [{}]


def test_a_process_without_a_block_is_closed_at_its_end(launch: Any) -> None:
    finished = launch("from orrery_pipes import *\nopen_pipes().log.info('x')\n")
    assert finished.methods == ["opened", "log", "closed"]


# --- how a process ends


def test_exception_is_told_with_its_traceback_and_cause(launch: Any) -> None:
    finished = body(
        launch,
        "def deep():\n    return 1 / 0\n"
        "try:\n    deep()\nexcept ZeroDivisionError as error:\n    raise ValueError('no rows') from error",
    )
    assert finished.returncode == 1
    (closed,) = finished.params_of("closed")
    told_of = closed["exception"]
    assert (told_of["name"], told_of["message"]) == ("ValueError", "ValueError: no rows\n")
    assert "raise ValueError" in told_of["stack"][-1]
    cause = told_of["cause"]
    assert (cause["name"], cause["message"]) == ("ZeroDivisionError", "ZeroDivisionError: division by zero\n")
    assert [line.split("in ")[-1].split("\n")[0] for line in cause["stack"]] == ["<module>", "deep"]
    assert (told_of["context"], cause["cause"], cause["context"]) == (None, None, None)


def test_exception_in_a_handler_is_told_with_its_context(launch: Any) -> None:
    finished = body(launch, "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')")
    (closed,) = finished.params_of("closed")
    assert closed["exception"]["cause"] is None
    assert closed["exception"]["context"]["name"] == "ZeroDivisionError"


@pytest.mark.parametrize("code", ["3", "0", "'bye'"])
def test_system_exit_is_told(launch: Any, code: str) -> None:
    finished = body(launch, f"raise SystemExit({code})")
    (closed,) = finished.params_of("closed")
    assert closed["exception"]["name"] == "SystemExit"
    assert closed["exception"]["message"] == f"SystemExit: {code.strip(chr(39))}\n"
    assert finished.returncode == {"3": 3, "0": 0}.get(code, 1)


def test_uncaught_exception_without_a_block_is_told(launch: Any) -> None:
    finished = launch("from orrery_pipes import *\nopen_pipes()\nraise RuntimeError('bare')\n")
    (closed,) = finished.params_of("closed")
    assert closed["exception"]["message"] == "RuntimeError: bare\n"
    assert "RuntimeError: bare" in finished.stderr


def test_exception_whose_text_cannot_be_made_is_told(launch: Any) -> None:
    finished = body(launch, "class Odd(Exception):\n    def __str__(self):\n        raise KeyError\nraise Odd")
    (closed,) = finished.params_of("closed")
    assert closed["exception"]["name"] == "Odd"


def test_chain_of_causes_without_end_is_told(launch: Any) -> None:
    finished = body(
        launch,
        "error = ValueError(0)\nfor n in range(1, 400):\n    later = ValueError(n)\n    later.__cause__ = error\n"
        "    error = later\nraise error",
    )
    depth, told_of = 0, finished.params_of("closed")[0]["exception"]
    while told_of["cause"] is not None:
        depth, told_of = depth + 1, told_of["cause"]
    assert depth == 50


def test_what_was_reported_before_a_kill_counts(launch: Any) -> None:
    finished = body(
        launch, "context.report_custom_message('kept')\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert finished.returncode == -9
    assert finished.methods == ["opened", "report_custom_message"]


def test_context_that_cannot_be_loaded_is_told(launch: Any, tmp_path: Any) -> None:
    from orrery_pipes import encode_param

    path = tmp_path / "messages-1"
    finished = launch(
        "from orrery_pipes import *\nopen_pipes()\n",
        environment={
            "DAGSTER_PIPES_CONTEXT": encode_param({"path": str(tmp_path / "gone")}),
            "DAGSTER_PIPES_MESSAGES": encode_param({"path": str(path)}),
        },
    )
    assert finished.returncode == 1
    assert finished.methods == ["opened", "closed"]
    assert finished.params_of("closed")[0]["exception"]["name"] == "FileNotFoundError"


def test_forked_children_leave_the_channel_to_their_parent(launch: Any) -> None:
    finished = launch(
        "from orrery_pipes import *\nimport os, sys\ncontext = open_pipes()\n"
        "child = os.fork()\nif child == 0:\n    context.log.info('child')\n    sys.exit(0)\n"
        "os.waitpid(child, 0)\ncontext.log.info('parent')\n",
    )
    assert finished.methods == ["opened", "log", "log", "closed"]
