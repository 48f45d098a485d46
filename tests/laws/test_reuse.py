"""
The honest cache, as a law: after any changes a run that uses stored values again gives what a run from nothing
gives, and runs exactly what is out of date.

Real source files are written, changed and imported anew; values lie in real files. The model beside it knows what each
asset depends on, and nothing of fingerprints.
"""

import contextlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orrery.adapters.io.formats import dump_pickle
from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.io_manager import IOManager
from orrery.model.events.user import AssetObservation
from orrery.plan.fingerprint.reach import Reacher
from orrery.runtime.engine.code_facts import InstalledCode
from orrery.runtime.engine.kept_entries import KeptEntries
from orrery.runtime.files.known_heads import known_heads_of
from orrery.runtime.instance.instance import Instance

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a folder of its own is made there
"""Where files cost no disk: there is no power cut in these laws."""

ASSETS = 6
HELPERS = 4
CONSTANTS = 3
CONFIGURED = frozenset({0, 2, 3})
GRAPHS = frozenset({4})
"""These are made by two ops each: the first takes what the asset takes first, the second the rest."""
LIMIT = "context.op_config['limit']"
SOURCE_OF = {0: ["outside"], 1: ["probed"]}
MODULES = ("law_of_reuse", "law_helpers")

assets = st.integers(0, ASSETS - 1)
small = st.integers(0, 3)


class Outside(IOManager):
    """Loads what lies outside; the number is set by the test."""

    number = 0

    def handle_output(self, context: Any, obj: Any) -> None:
        """Refuse: nobody makes it here."""
        raise NotImplementedError

    def load_input(self, context: Any) -> int:
        """Return the number."""
        return self.number


def number_of(step_key: str) -> int:
    """Return which asset a step makes, or helps to make."""
    return int(step_key.partition(".")[0][1:])


class Reuse(RuleBasedStateMachine):
    """A project that people change, and runs over it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orrery-law-", dir=MEMORY))
        self.values = self.folder / "values"
        self.instance = Instance.ephemeral()
        self.outside = Outside()
        self.probed = Outside()
        self.generation = 0
        self.parents: list[list[int]] = []
        self.helper_of: list[int] = []
        self.factors: list[int] = []
        self.kinds: list[str] = []
        self.limits: dict[int, int] = {}
        self.constants = [1] * CONSTANTS
        self.helper_adds = [0] * HELPERS
        self.helper_calls: list[int | None] = [None] * HELPERS
        self.comment = 0
        self.blanks = 0
        self.salt: str | None = None
        self.ttl: float | None = None
        self.made: dict[int, tuple[Any, ...]] = {}
        self.stored: dict[int, Any] = {}
        self.broken: set[int] = set()
        self.damaged: set[int] = set()
        self.copies: dict[int, bytes] = {}
        self.verify = "exists"
        self.steps = 0
        self.writes_bytecode, sys.dont_write_bytecode = not sys.dont_write_bytecode, True
        self.begin_another_process()

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Draw a graph: each asset has some of those before it as inputs, and one helper."""
        for number in range(ASSETS):
            above = st.lists(st.integers(0, number - 1), unique=True, max_size=2) if number else st.just([])
            self.parents.append(sorted(data.draw(above)))
            self.helper_of.append(data.draw(st.integers(0, HELPERS - 1)))
            self.factors.append(data.draw(small))
            self.kinds.append("plain")
        for number in range(1, HELPERS):
            self.helper_calls[number] = data.draw(st.one_of(st.none(), st.integers(0, number - 1)))
        self.change_the_outside(0)

    # -- what people do ------------------------------------------------------------------------

    @rule(number=assets, factor=small)
    def change_a_function(self, number: int, factor: int) -> None:
        """Edit the body of an asset."""
        self.factors[number] = factor

    @rule(number=st.integers(0, HELPERS - 1), add=small)
    def change_a_helper(self, number: int, add: int) -> None:
        """Edit the body of a helper, in the other module."""
        self.helper_adds[number] = add

    @rule(number=st.integers(0, CONSTANTS - 1), value=small)
    def change_a_constant(self, number: int, value: int) -> None:
        """Edit a constant that a helper reads."""
        self.constants[number] = value

    @rule(number=assets, helper=st.integers(0, HELPERS - 1))
    def call_another_helper(self, number: int, helper: int) -> None:
        """Let an asset call another helper."""
        self.helper_of[number] = helper

    @rule(number=assets, data=st.data())
    def change_the_inputs(self, number: int, data: st.DataObject) -> None:
        """Let an asset depend on others."""
        if number:
            self.parents[number] = sorted(data.draw(st.lists(st.integers(0, number - 1), unique=True, max_size=2)))

    @rule(number=st.sampled_from(sorted(CONFIGURED)), limit=small)
    def change_the_config(self, number: int, limit: int) -> None:
        """Give an asset other config."""
        self.limits[number] = limit

    @rule()
    def change_what_is_cosmetic(self) -> None:
        """Edit comments, docstrings, blank lines and line breaks."""
        self.comment += 1
        self.blanks = (self.blanks + 1) % 3

    @rule()
    def begin_another_process(self) -> None:
        """Forget what is known of the code and the event log, but for what processes keep for one another."""
        code = InstalledCode(str(self.folder / "code_forms"))
        self.instance.scratch["reacher"] = Reacher(code), code
        self.instance.scratch["entries"] = KeptEntries(str(self.folder / "known_entries"))

    @rule()
    def move_the_project(self) -> None:
        """Have it lie in another folder from now on; else the same files are written over."""
        self.generation += 1

    @rule(salt=st.sampled_from([None, "a", "b"]))
    def change_the_salt(self, salt: str | None) -> None:
        """Ask for a policy with another salt."""
        self.salt = salt

    @rule(ttl=st.sampled_from([None, None, 0.0, 1e9]))
    def change_the_time_to_live(self, ttl: float | None) -> None:
        """Ask for values of another age: any, none at all, or what no test lives to see."""
        self.ttl = ttl

    @rule(verify=st.sampled_from(["exists", "digest"]))
    def change_how_values_are_looked_at(self, verify: str) -> None:
        """Ask whether values are there, or whether they are whole."""
        self.verify = verify

    @rule(number=small)
    def observe_the_outside(self, number: int) -> None:
        """Let what lies outside change, and observe it."""
        self.change_the_outside(number)

    @rule(number=small)
    def change_what_is_probed(self, number: int) -> None:
        """Let what lies outside change, and tell nobody: the run looks."""
        self.probed.number = number

    def change_the_outside(self, number: int) -> None:
        """Change what lies outside, and observe it."""
        self.outside.number = number
        observed = AssetObservation("outside", tags={"orrery/data_version": f"v{number}"})
        self.instance.report_runless_asset_event(observed)

    @rule(number=assets)
    def delete_a_value(self, number: int) -> None:
        """Remove the file of a value."""
        path = self.values / f"a{number}.pickle"
        if path.exists():
            path.unlink()
            self.broken.add(number)

    @rule(number=assets, at=st.integers(1, 5))
    def damage_a_value(self, number: int, at: int) -> None:
        """Flip a bit in the pickle of a value: its last five bytes."""
        path = self.values / f"a{number}.pickle"
        if path.exists() and number not in self.broken:
            data = bytearray(path.read_bytes())
            data[-at] ^= 4
            path.write_bytes(data)
            self.broken.add(number)
            self.damaged.add(number)

    @rule(number=assets, value=st.integers(0, 2))
    def let_somebody_else_store(self, number: int, value: int) -> None:
        """Have a whole value in the place of one, as a run that another event log records puts it there."""
        self._replace(number, lambda path: dump_pickle(str(path), value, what=str))

    @rule(number=assets)
    def put_a_copy_aside(self, number: int) -> None:
        """Keep the file of a value."""
        path = self.values / f"a{number}.pickle"
        if path.exists() and number not in self.broken:
            self.copies[number] = path.read_bytes()

    @rule(number=assets)
    def bring_back_a_copy(self, number: int) -> None:
        """Put back what was kept, which may be older."""
        if number in self.copies:
            self._replace(number, lambda path: path.write_bytes(self.copies[number]))

    def _replace(self, number: int, store: Callable[[Path], object]) -> None:
        path = self.values / f"a{number}.pickle"
        if path.exists() and number not in self.broken:
            before = path.read_bytes()
            store(path)
            if path.read_bytes() != before:  # of the same bytes nobody can tell whose they are, nor need he
                self.broken.add(number)

    @rule(chosen=st.sets(assets, min_size=1))
    def run_some(self, chosen: set[int]) -> None:
        """Run a part, with what is above it."""
        self._run(self._with_all_above(chosen))

    @rule()
    def run_all(self) -> None:
        """Run all."""
        self._run(set(range(ASSETS)))

    @rule()
    def run_all_twice(self) -> None:
        """Run all, and all again."""
        self._run(set(range(ASSETS)))
        assert self._run(set(range(ASSETS))) == (set(range(ASSETS)) if self.ttl == 0.0 else set())

    # -- the project on the disk ---------------------------------------------------------------

    def _load(self) -> Any:
        folder = self.folder / str(self.generation)
        folder.mkdir(exist_ok=True)
        note = f"# {self.comment}\n" * (self.comment % 2) + "\n" * self.blanks
        helpers = [note]
        helpers += [f"C{number} = {value}" for number, value in enumerate(self.constants)]
        for number in range(HELPERS):
            called = self.helper_calls[number]
            inner = "0" if called is None else f"h{called}(x)"
            doc = f"    '''Helper {self.comment}.'''\n" if self.comment % 3 == 1 else ""
            broken = f"(x +\n            {inner}" if self.blanks == 1 else f"(x + {inner}"
            constant = f"C{number % CONSTANTS}"
            helpers.append(
                f"{note}def h{number}(x):\n{doc}    return {broken} + {self.helper_adds[number]}) * {constant}\n"
            )
        lines = [note, "import law_helpers", "from orrery import asset, graph_asset, op", "seen = []"]
        for number in range(ASSETS):
            parents = [f"a{each}" for each in self.parents[number]] + SOURCE_OF.get(number, [])
            if number in GRAPHS:
                lines += self._graph(number, note, parents)
                continue
            lines += [
                note,
                "@asset(config_schema={'limit': int})" if number in CONFIGURED else "@asset",
                f"def a{number}({', '.join([*(['context'] if number in CONFIGURED else []), *parents])}):",
                f"    seen.append({number})",
                f"    total = sum([{', '.join(parents)}]) * {self.factors[number]}",
                f"    limit = {LIMIT if number in CONFIGURED else 1}",
                f"    return (law_helpers.h{self.helper_of[number]}(total) + limit) % 3",
            ]
        (folder / "law_helpers.py").write_text("\n".join(helpers) + "\n")
        (folder / "law_of_reuse.py").write_text("\n".join(lines) + "\n")
        for name in MODULES:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        sys.path.insert(0, str(folder))
        try:
            return importlib.import_module("law_of_reuse")
        finally:
            sys.path.remove(str(folder))

    def _graph(self, number: int, note: str, parents: list[str]) -> list[str]:
        first, rest = parents[:1], parents[1:]
        called = f"first{number}({', '.join(first)})"
        return [
            note,
            "@op",
            f"def first{number}({', '.join(first)}):",
            f"    seen.append({number})",
            f"    return sum([{', '.join(first)}]) * {self.factors[number]}",
            "@op",
            f"def last{number}({', '.join(['total', *rest])}):",
            f"    total += sum([{', '.join(rest)}]) * {self.factors[number]}",
            f"    return (law_helpers.h{self.helper_of[number]}(total) + 1) % 3",
            "@graph_asset",
            f"def a{number}({', '.join(parents)}):",
            f"    return last{number}({', '.join([called, *rest])})",
        ]

    # -- the model -----------------------------------------------------------------------------

    def _helper(self, number: int, x: int) -> int:
        called = self.helper_calls[number]
        inner = 0 if called is None else self._helper(called, x)
        return (x + inner + self.helper_adds[number]) * self.constants[number % CONSTANTS]

    def _reached(self, number: int) -> tuple[Any, ...]:
        called = self.helper_calls[number]
        own = (number, self.helper_adds[number], self.constants[number % CONSTANTS])
        return (own, *(() if called is None else self._reached(called)))

    def _with_all_above(self, chosen: set[int]) -> set[int]:
        found = set(chosen)
        for number in sorted(found, reverse=True):
            found |= self._with_all_above(set(self.parents[number])) if self.parents[number] else set()
        return found

    def _expected(self, chosen: set[int]) -> tuple[set[int], dict[int, int]]:
        """Return which assets are out of date, and the values of all."""
        values: dict[int, int] = {}
        ran: set[int] = set()
        for number in sorted(chosen):
            observed = {0: self.outside.number, 1: self.probed.number}.get(number)
            above = [values[each] for each in self.parents[number]] + ([] if observed is None else [observed])
            total = sum(above) * self.factors[number]
            limit = self.limits.get(number, 1)
            values[number] = (self._helper(self.helper_of[number], total) + limit) % 3
            inputs = tuple(zip(self.parents[number], above, strict=False))
            helper = self.helper_of[number]
            made_from = (self.factors[number], helper, self._reached(helper), limit, inputs, observed, self.salt)
            if self.made.get(number) != made_from or number in self.broken or self.ttl == 0.0:
                ran.add(number)
                self.made[number] = made_from
                self.broken.discard(number)
                self.damaged.discard(number)
        return ran, values

    # -- the law -------------------------------------------------------------------------------

    def _run(self, chosen: set[int]) -> set[int]:
        module = self._load()
        made: list[Any] = [getattr(module, f"a{number}") for number in sorted(chosen)]
        made.append(SourceAsset("outside", io_manager_key="outside"))
        made.append(SourceAsset("probed", io_manager_key="probed", probe=lambda: f"v{self.probed.number}"))
        options: Mapping[str, Any] = {
            "instance": self.instance,
            "reuse": CachePolicy(verify="digest" if self.damaged else self.verify, salt=self.salt, ttl=self.ttl),
            "resources": {
                "io_manager": PickledObjectFilesystemIOManager(self.values, heads=known_heads_of(self.instance)),
                "outside": self.outside,
                "probed": self.probed,
            },
            "run_config": {
                "ops": {f"a{each}": {"config": {"limit": self.limits.get(each, 1)}} for each in chosen & CONFIGURED}
            },
        }
        planned = plan_materialization(made, **options)
        result = materialize(made, on_event=lambda entry: None, **options)
        ran = {number_of(event.step_key or "") for event in result.all_events if event.event_type_value == "STEP_START"}
        expected, values = self._expected(chosen)
        assert ran == expected
        certain = {number_of(step.step_key) for step in planned.to_run if step.decision.is_certain}
        assert certain <= ran <= {number_of(step.step_key) for step in planned.to_run}
        for number in chosen:
            self.stored[number] = values[number]
        return ran

    @invariant()
    def every_third_step_is_followed_by_a_run(self) -> None:
        """Whatever rules were drawn, what they changed is looked at."""
        self.steps += 1
        if self.parents and self.steps % 3 == 0:
            self._run(set(range(ASSETS)))

    @invariant()
    def values_are_those_of_a_run_from_nothing(self) -> None:
        """Every value that was made last, and that nobody broke since, is what it has to be."""
        import pickle

        for number, value in self.stored.items():
            if number not in self.broken:
                assert pickle.loads((self.values / f"a{number}.pickle").read_bytes()) == value

    def teardown(self) -> None:
        """Remove all files."""
        sys.dont_write_bytecode = not self.writes_bytecode
        for name in MODULES:
            sys.modules.pop(name, None)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.folder)


EXAMPLES = 500 if settings.get_current_profile_name() == "long" else 20
"""Times 40 steps: 800 of them as a rule, and 20,000 with ``HYPOTHESIS_PROFILE=long``."""

Reuse.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestReuse = Reuse.TestCase
