"""What takes an object runs again when what the object can do was changed, however its parameter is annotated."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.instance.instance import Instance

PROJECT = """
import dataclasses, enum, orrery, pydantic, typing

{kind}

@orrery.asset
def made(): return VALUE

@orrery.asset
def passed_on(made): return [made]

@orrery.asset
def asked(passed_on): return CALL

def job():
    return orrery.Definitions(
        assets=[made, passed_on, asked], jobs=[orrery.define_asset_job("all")], executor=orrery.EXECUTOR
    ).get_job_def("all")
"""

# Source of a class whose method returns RESULT, the value, and how it is asked.
KINDS = {
    "dataclass": ("@dataclasses.dataclass\nclass C:\n    x: int\n    def f(self): return RESULT", "C(1)", "o.f()"),
    "plain": ("class C:\n    def f(self): return RESULT", "C()", "o.f()"),
    "method of a base": ("class B:\n    def f(self): return RESULT\nclass C(B): pass", "C()", "o.f()"),
    "constant": ("class C:\n    K = RESULT", "C()", "o.K"),
    "what a method calls": ("def g(): return RESULT\nclass C:\n    def f(self): return g()", "C()", "o.f()"),
    "enumeration": ("class C(enum.Enum):\n    A = 1\n    def f(self): return RESULT", "C.A", "o.f()"),
    "named tuple": ("class C(typing.NamedTuple):\n    x: int\n    def f(self): return RESULT", "C(1)", "o.f()"),
    "model": ("class C(pydantic.BaseModel):\n    x: int\n    def f(self): return RESULT", "C(x=1)", "o.f()"),
    "list": ("class C(list):\n    def f(self): return RESULT", "C([1])", "o.f()"),
    "function": ("def f(): return RESULT", "f", "o()"),
    "class": ("class C:\n    def f(self): return RESULT", "C", "o().f()"),
    "deep inside": ("class C:\n    def f(self): return RESULT", "{'a': [(1, {2: C()})]}", "o['a'][0][1][2].f()"),
    "in a set": ("class C(enum.Enum):\n    A = 1\n    def f(self): return RESULT", "{C.A}", "[*o][0].f()"),
    "in a set of tuples": (
        "@dataclasses.dataclass(frozen=True)\nclass C:\n    x: int\n    def f(self): return RESULT",
        "frozenset({('a', C(1))})",
        "[*o][0][1].f()",
    ),
    "as a key": ("class C(enum.Enum):\n    A = 1\n    def f(self): return RESULT", "{C.A: 1}", "[*o][0].f()"),
    "among very many": ("class C:\n    def f(self): return RESULT", "[*range(20_000), C()]", "o[-1].f()"),
}

Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return what writes the project and imports it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def written(kind: str, result: int, head: str = "", executor: str = "in_process_executor") -> Any:
        source, value, call = KINDS[kind]
        text = (
            PROJECT.replace("{kind}", source)
            .replace("VALUE", value)
            .replace("CALL", call.replace("o", "passed_on[0]", 1))
        )
        text = text.replace("RESULT", str(result)).replace("EXECUTOR", executor)
        (tmp_path / "objects_project.py").write_text(head + text)
        sys.modules.pop("objects_project", None)
        importlib.invalidate_caches()
        return importlib.import_module("objects_project")

    yield written
    sys.modules.pop("objects_project", None)


def brought_up_to_date(project: Any, instance: Instance) -> tuple[list[str], Any]:
    result = materialize([project.made, project.passed_on, project.asked], instance=instance, reuse=True)
    ran = [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]
    return ran, result.asset_value("asked")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_method_returns_is_seen_though_the_fields_are_the_same(kind: str, load: Load, tmp_path: Path) -> None:
    everything = ["made", "passed_on", "asked"]
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert brought_up_to_date(load(kind, 101), instance) == (everything, 101)
        assert brought_up_to_date(load(kind, 101, head="# a comment\n\n\n"), instance) == ([], 101)
        assert brought_up_to_date(load(kind, 22_202), instance) == (everything, 22_202)
        assert brought_up_to_date(load(kind, 22_202), instance) == ([], 22_202)


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_is_the_same_after_its_objects_were_stored(kind: str, load: Load, tmp_path: Path) -> None:
    project = load(kind, 101)
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        brought_up_to_date(project, instance)
        assert brought_up_to_date(project, instance) == ([], 101)


@pytest.mark.parametrize("kind", ["dataclass", "plain", "function"])
def test_the_version_is_the_same_in_another_process(kind: str, load: Load, tmp_path: Path) -> None:
    versions = []
    for executor in ("in_process_executor", "multiprocess_executor"):
        load(kind, 101, executor=executor)
        with (
            Instance.local_temp(str(tmp_path / executor)) as instance,
            execute_job(build_reconstructable_job("objects_project", "job", ()), instance) as result,
        ):
            assert result.success
            tags = [event.materialization.tags for event in result.get_asset_materialization_events()]
            versions.append(json.dumps([each["dagster/data_version"] for each in tags]))
    assert versions[0] == versions[1]


def test_a_value_that_cannot_be_pickled_is_stored_and_what_is_met_of_it_counts(tmp_path: Path) -> None:
    """An IO manager may keep it in another way; its lock, which comes last, ends the look at what it holds."""

    class InMemory(IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            context.note_content("the same bytes", is_stable=False)

        def load_input(self, context: Any) -> Any:
            return None

    def version(result: int) -> str:
        spread: dict[str, Any] = {"__name__": "project_of_locks"}
        exec(f"class C:\n    def f(self): return {result}", spread)

        @asset
        def locked() -> Any:
            return [spread["C"](), threading.Lock()]

        made = materialize([locked], instance=instance, resources={"io_manager": InMemory()})
        (told,) = made.asset_materializations_for_node("locked")
        assert told.tags is not None
        return told.tags["orrery/data_version"]

    with Instance.local_temp(str(tmp_path)) as instance:
        assert version(1) == version(1)
        assert version(1) != version(2)
