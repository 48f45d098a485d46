"""
Runs that go on at once, as a law: whoever runs a config alone after them gets its values, whatever they stored over each other.

Graphs of assets of one place and one event log, and runs of two configs, each of which may begin while a function of another
one is called, or between what that one stores and what it records of it.
"""

import os
import pickle
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.adapters.io.parquet import ParquetIOManager
from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
from orrery.api.verbs.materialize import materialize
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.instance.instance import Instance

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a folder of its own is made there
SIZE = 4
CONFIGS = 2

graphs = st.tuples(
    *(st.frozensets(st.integers(0, n - 1), max_size=2) if n else st.just(frozenset()) for n in range(SIZE))
)
starts = st.dictionaries(st.integers(0, 12), st.integers(0, CONFIGS - 1), min_size=1, max_size=3)
"""Which config a run begins with, by the moment: each function that is called is one, and each value that is stored."""


class Silent(IOManager):
    """Keeps pickles, and says nothing of whose they are."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def path(self, name: str) -> Path:
        return self.place / name

    def handle_output(self, context: Any, obj: Any) -> None:
        self.path(context.asset_key.parts[0]).write_bytes(pickle.dumps(obj))

    def load_input(self, context: Any) -> Any:
        return pickle.loads(self.path(context.asset_key.parts[0]).read_bytes())


def with_moments(base: type, moment: Callable[[], None]) -> type:
    """Return an IO manager after whose storing a moment passes."""

    class Manager(base):  # type: ignore[misc]  # any of three
        format_name = base.__name__

        def handle_output(self, context: Any, obj: Any) -> None:
            super().handle_output(context, obj)
            moment()

    return Manager


class Project:
    """A graph, and runs of it that begin within each other."""

    def __init__(self, graph: tuple[frozenset[int], ...], kind: str, by_itself: frozenset[int], place: Path) -> None:
        self.graph = graph
        self.kind = kind
        self.by_itself = by_itself if kind == "silent" else frozenset()
        self.place = place
        self.starts: dict[int, int] = {}
        self.moments = 0
        base = {"pickles": PickledObjectFilesystemIOManager, "parquet": ParquetIOManager, "silent": Silent}[kind]
        self.manager: Any = with_moments(base, self.moment)(place)
        self.assets = [self._asset(number) for number in range(SIZE)]
        self.ran: list[int] = []
        self.instance: Any = None

    def moment(self) -> None:
        config = self.starts.pop(self.moments, None)
        self.moments += 1
        if config is not None:
            self.run(config)

    def _asset(self, number: int) -> Any:
        parents = sorted(self.graph[number])
        read = parents if number in self.by_itself else []

        @asset(
            name=f"a{number}",
            ins={f"x{each}": AssetIn(f"a{each}") for each in parents if each not in read},
            deps=[f"a{each}" for each in read],
            config_schema={"salt": int},
            code_version="1",
        )
        def function(context: Any, **values: Any) -> Any:
            self.ran.append(number)
            self.moment()
            found = {f"x{each}": pickle.loads((self.place / f"a{each}").read_bytes()) for each in read} | values
            return self.wrap((context.op_config["salt"], *(self.unwrap(found[f"x{each}"]) for each in parents)))

        return function

    def wrap(self, value: Any) -> Any:
        return pl.DataFrame({"told": [repr(value)]}) if self.kind == "parquet" else value

    def unwrap(self, value: Any) -> Any:
        return eval(value["told"][0]) if self.kind == "parquet" else value

    def salt(self, number: int, config: int) -> int:
        return config if number % 2 == 0 else 0  # so that some steps are the same in both

    def run(self, config: int) -> list[int]:
        """Run all with a config, reusing what is current; return what ran, of this run and of those within it."""
        self.ran.clear()
        ops = {f"a{number}": {"config": {"salt": self.salt(number, config)}} for number in range(SIZE)}
        materialize(
            self.assets,
            instance=self.instance,
            resources={"io_manager": self.manager},
            run_config={"ops": ops},
            reuse=True,
            on_event=lambda entry: None,
        )
        return list(self.ran)

    def right(self, config: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for number, parents in enumerate(self.graph):
            found[number] = (self.salt(number, config), *(found[each] for each in sorted(parents)))
        return found

    def stored(self) -> dict[int, Any]:
        names = {number: f"a{number}" for number in range(SIZE)}
        if self.kind == "parquet":
            return {each: self.unwrap(pl.read_parquet(self.place / f"{name}.parquet")) for each, name in names.items()}
        end = ".pickle" if self.kind == "pickles" else ""
        return {each: pickle.loads((self.place / f"{name}{end}").read_bytes()) for each, name in names.items()}


@pytest.mark.parametrize("kind", ["pickles", "parquet", "silent"])
@settings(max_examples=25)
@given(
    graphs,
    st.frozensets(st.integers(0, SIZE - 1)),
    starts,
    st.integers(0, CONFIGS - 1),
    st.randoms(use_true_random=False),
)
def test_what_runs_alone_after_them_is_right(
    kind: str,
    graph: tuple[frozenset[int], ...],
    by_itself: frozenset[int],
    begins: dict[int, int],
    config: int,
    chance: random.Random,
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, Instance.local_temp(folder) as instance:
        place = Path(folder) / "values"
        place.mkdir()
        project = Project(graph, kind, by_itself, place)
        project.instance = instance
        project.starts = dict(begins)
        project.run(config)
        project.starts.clear()
        for each in chance.sample(range(CONFIGS), CONFIGS):
            project.run(each)
            assert project.stored() == project.right(each)
        assert project.run(each) == []
