"""Stored values that are spoilt in the middle of a run, and the run ends well: on each executor, wherever they lie."""

from __future__ import annotations

import http.client
import uuid
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.instance import Instance

PROJECT = '''
import importlib
import os
import shutil

from orrery import CachedIOManager, CachePolicy, Definitions, asset, define_asset_job

ALWAYS = CachePolicy(always=True)


def make(folder, executor, config, location, how, is_async, options):
    """Return a job whose asset `spoils` spoils the value of `deep` and `numbers` after they were found current."""
    import fsspec

    def note(name):
        with open(os.path.join(folder, "made"), "a") as file:
            file.write(name + "\\n")

    @asset
    def deep():
        note("deep")
        return 2

    @asset
    def numbers(deep):
        note("numbers")
        return [1, deep, 3]

    @asset(deps=[numbers], cache=ALWAYS)
    def spoils():
        note("spoils")
        if not os.path.exists(os.path.join(folder, "armed")):
            return
        fs, root = fsspec.core.url_to_fs(location, **options)
        for path in fs.find(root):
            if "cached" in how and "/blobs/" not in path:
                continue
            if "gone" in how:
                fs.rm(path)
            else:
                fs.pipe_file(path, b"garbage")
        local = os.path.join(folder, "local")
        if os.path.exists(local):
            shutil.rmtree(local)

    if is_async:
        @asset(deps=[spoils], cache=ALWAYS)
        async def total(numbers):
            return sum(numbers)

        @asset(deps=[spoils], cache=ALWAYS)
        async def count(numbers):
            return len(numbers)
    else:
        @asset(deps=[spoils], cache=ALWAYS)
        def total(numbers):
            return sum(numbers)

        @asset(deps=[spoils], cache=ALWAYS)
        def count(numbers):
            return len(numbers)

    resources = {}
    if "cached" in how:
        resources["io_manager"] = CachedIOManager(
            location, local=os.path.join(folder, "local"), options=options or None, allow_unsigned=True
        )
    module, _, name = executor.partition(":")
    found = getattr(importlib.import_module(module), name).configured(config)
    defs = Definitions(
        [deep, numbers, spoils, total, count],
        jobs=[define_asset_job("all_of_it", executor_def=found, cache=CachePolicy())],
        resources=resources,
    )
    return defs.get_job_def("all_of_it")
'''
SHARED = '''
import importlib
import os

from orrery import AssetSelection, CachePolicy, Definitions, FilesystemIOManager, asset, define_asset_job


def make(folder, executor, config, version, name):
    """Return a job whose values lie in a place that another event log shares."""

    @asset(code_version=version)
    def up():
        return version

    @asset(deps=[up], cache=CachePolicy(always=True))
    def between():
        """Let another event log store its value after it was decided about ours."""
        theirs, values = os.path.join(folder, "theirs.pickle"), os.path.join(folder, "values", "up.pickle")
        if os.path.exists(theirs):
            os.replace(theirs, values)

    @asset(deps=[between], cache=CachePolicy(always=True))
    def down(up):
        return up

    module, _, found = executor.partition(":")
    chosen = getattr(importlib.import_module(module), found).configured(config)
    selections = {"both": AssetSelection.assets(up, down), "down_alone": AssetSelection.assets(down)}
    selections["all_of_it"] = AssetSelection.assets(up, between, down)
    jobs = [
        define_asset_job(each, selection=selection, executor_def=chosen, cache=CachePolicy())
        for each, selection in selections.items()
    ]
    manager = FilesystemIOManager(base_dir=os.path.join(folder, "values"), allow_unsigned=True)
    return Definitions([up, between, down], jobs=jobs, resources={"io_manager": manager}).get_job_def(name)
'''
EXECUTORS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "in process": ("orrery:in_process_executor", {}, False),
    "awaited": ("orrery:in_process_executor", {}, True),
    "threads": ("orrery:in_process_executor", {"threads": 2}, False),
    "multiprocess": ("orrery:multiprocess_executor", {"max_concurrent": 2}, False),
    "dask": ("orrery:dask_executor", {}, False),
    "ray": ("orrery:ray_executor", {}, False),
}
EVENTS = ("STEP_START", "STEP_SKIPPED", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_SUCCESS", "STEP_FAILURE")


def spoilt_run(
    folder: Path,
    executor: tuple[str, dict[str, Any], bool],
    how: str,
    location: str | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[dict[str, list[str]], Any, list[str]]:
    """Make all, then once more with damage on the way; return the events of each step, the values, what was made."""
    home = folder / "home"
    name, config, is_async = executor
    module = f"project_{uuid.uuid4().hex}"
    (folder / f"{module}.py").write_text(PROJECT)
    place = location or str(home / "storage")
    arguments = (str(folder), name, config, place, how, is_async, options or {})
    job = build_reconstructable_job(module, "make", arguments, reconstructor_working_directory=str(folder))
    home.mkdir()
    with Instance.local_temp(str(home)) as instance:
        assert execute_job(job, instance, raise_on_error=True).success
        (folder / "armed").touch()
        (folder / "made").unlink()
        with execute_job(job, instance) as result:
            told = {}
            for event in result.all_events:
                if event.event_type_value in EVENTS:
                    told.setdefault(event.step_key, []).append(event.event_type_value)
            assert result.success, [
                event.event_specific_data.error.message for event in result.all_events if event.is_step_failure
            ]
            values = result.output_for_node("total"), result.output_for_node("count")
    return told, values, (folder / "made").read_text().split()


def check(told: dict[str, list[str]], values: Any, made: list[str]) -> None:
    """Check that what was spoilt was made once more, and no more."""
    assert values == (6, 3)
    assert sorted(made) == ["deep", "numbers", "spoils"]
    assert told["deep"] == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
    assert told["numbers"] == ["STEP_SKIPPED", "STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
    assert "STEP_UP_FOR_RETRY" in told["total"] + told["count"]
    for consumer in ("total", "count"):
        assert told[consumer][-1] == "STEP_SUCCESS"
        assert "STEP_FAILURE" not in told[consumer]


def chosen(executor: str, request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], bool]:
    """Return the executor's name, its config, with the address of a cluster where it has one, and whether steps are async."""
    name, config, is_async = EXECUTORS[executor]
    if executor in ("dask", "ray"):
        config = {"cluster": {"existing": {"address": request.getfixturevalue(f"{executor}_cluster")}}}
    return name, config, is_async


@pytest.mark.parametrize("how", ["garbage", "gone"])
@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_is_spoilt_on_the_way_is_made_again(
    executor: str, how: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name, config, is_async = chosen(executor, request)
    check(*spoilt_run(tmp_path, (name, config, is_async), how))


@pytest.mark.parametrize("executor", [each for each in EXECUTORS if each != "awaited"])
def test_what_another_event_log_stored_is_not_taken(
    executor: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name, config, _ = chosen(executor, request)
    module = f"project_{uuid.uuid4().hex}"
    (tmp_path / f"{module}.py").write_text(SHARED)

    def run(home: str, version: str, job: str) -> list[str]:
        """Run a job; return what the steps that failed say."""
        arguments = (str(tmp_path), name, config, version, job)
        made = build_reconstructable_job(module, "make", arguments, reconstructor_working_directory=str(tmp_path))
        (tmp_path / home).mkdir(exist_ok=True)
        with Instance.local_temp(str(tmp_path / home)) as instance, execute_job(made, instance) as result:
            return [str(each.step_failure_data.error) for each in result.all_events if each.is_step_failure]

    assert run("mine", "1", "both") == []
    assert run("mine", "1", "down_alone") == []
    assert run("theirs", "2", "both") == []
    (told,) = run("mine", "1", "down_alone")
    assert "is not the one that was recorded last" in told and "materialize up" in told
    assert run("theirs", "2", "down_alone") == []


def shared_run(folder: Path, executor: str, config: dict[str, Any], home: str, version: str) -> tuple[Any, list[str]]:
    """Run all; return the value at the end, or the error of the step that makes it, and the events of what makes the first."""
    module = f"project_{uuid.uuid4().hex}"
    (folder / f"{module}.py").write_text(SHARED)
    arguments = (str(folder), executor, config, version, "all_of_it")
    made = build_reconstructable_job(module, "make", arguments, reconstructor_working_directory=str(folder))
    (folder / home).mkdir(exist_ok=True)
    with Instance.local_temp(str(folder / home)) as instance, execute_job(made, instance) as result:
        told = [e.event_type_value for e in result.all_events if e.step_key == "up" and e.event_type_value in EVENTS]
        if result.success:
            return result.output_for_node("down"), told
        (failure,) = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
        assert failure.step_key == "down"
        return str(failure.step_failure_data.error.message), told


@pytest.mark.parametrize("executor", [each for each in EXECUTORS if each != "awaited"])
def test_what_another_event_log_stores_after_the_decision_is_not_taken_either(
    executor: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Else it would pass for good for what was made from ours."""
    name, config, _ = chosen(executor, request)

    def run(home: str, version: str) -> tuple[Any, list[str]]:
        return shared_run(tmp_path, name, config, home, version)

    run("theirs", "2")
    theirs = (tmp_path / "values" / "up.pickle").read_bytes()
    assert run("mine", "1") == ("1", ["STEP_START", "STEP_SUCCESS"])
    assert run("mine", "1") == ("1", ["STEP_SKIPPED"])
    (tmp_path / "theirs.pickle").write_bytes(theirs)
    assert run("mine", "1") == ("1", ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"])
    assert not (tmp_path / "theirs.pickle").exists()
    assert run("mine", "1") == ("1", ["STEP_SKIPPED"])


@pytest.mark.parametrize("executor", ["in process", "multiprocess"])
def test_nor_where_no_step_is_tried_again(executor: str, tmp_path: Path) -> None:
    """Then nothing is made again within the run: the step fails, and the next run makes what it lacked."""
    name, config, _ = EXECUTORS[executor]
    config = {**config, "retries": {"disabled": {}}}
    shared_run(tmp_path, name, config, "theirs", "2")
    theirs = (tmp_path / "values" / "up.pickle").read_bytes()
    shared_run(tmp_path, name, config, "mine", "1")
    (tmp_path / "theirs.pickle").write_bytes(theirs)
    error, told = shared_run(tmp_path, name, config, "mine", "1")
    assert "is not the one that was recorded last" in error
    assert "orrery materialize up --reuse" in error
    assert told == ["STEP_SKIPPED"]
    assert shared_run(tmp_path, name, config, "mine", "1") == ("1", ["STEP_START", "STEP_SUCCESS"])


@pytest.mark.parametrize("how", ["cached garbage", "cached gone"])
def test_a_cache_over_a_folder(how: str, tmp_path: Path) -> None:
    check(*spoilt_run(tmp_path, EXECUTORS["in process"], how, str(tmp_path / "remote")))


@pytest.mark.parametrize("how", ["cached garbage", "cached gone"])
def test_a_cache_over_s3(how: str, tmp_path: Path, s3_port: int) -> None:
    bucket = f"spoilt-{uuid.uuid4().hex[:8]}"
    connection = http.client.HTTPConnection("127.0.0.1", s3_port, timeout=60)
    authorization = "AWS4-HMAC-SHA256 Credential=x/x/us-east-1/s3/x"
    connection.request("PUT", f"/{bucket}", headers={"Authorization": authorization})
    assert connection.getresponse().status == 200
    options = {
        "key": "the-key",
        "secret": "the-secret",
        "endpoint_url": f"http://127.0.0.1:{s3_port}",
        "client_kwargs": {"region_name": "us-east-1"},
        "skip_instance_cache": True,
        "use_listings_cache": False,
    }
    check(*spoilt_run(tmp_path, EXECUTORS["in process"], how, f"s3://{bucket}/values", options))
