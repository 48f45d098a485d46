"""
The honest cache by partitions, as a law: each partition is made when it is out of date, and at no other time.

An asset is made by partition, another follows it partition by partition, and a third takes all of them. Their code, the
config of a run, the time to live and the stored files change; the model knows nothing of fingerprints.
"""

import os
import pickle
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from orrery.adapters.cache.probes import file_probe
from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
from orrery.api.verbs.materialize import materialize
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.instance.instance import Instance

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a folder of its own is made there
"""Where files cost no disk: there is no power cut in these laws."""

LETTERS = StaticPartitionsDefinition(["a", "b", "c"])

letters = st.sampled_from(["a", "b", "c"])
small = st.integers(0, 2)


class Partitions(RuleBasedStateMachine):
    """A project with partitions that people change, and runs over it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orrery-law-", dir=MEMORY))
        self.instance = Instance.ephemeral()
        self.ran: list[str] = []
        self.factor = 1
        self.outside = dict.fromkeys("abc", 0)
        for letter in self.outside:
            (self.folder / f"outside-{letter}").write_text("0")
        self.ttl: float | None = None
        self.made: dict[str, tuple[Any, ...]] = {}
        self.values: dict[str, int] = {}

    def _assets(self) -> tuple[Any, Any, Any]:
        factor, ran, folder = self.factor, self.ran, self.folder

        @asset(partitions_def=LETTERS, config_schema={"add": int}, deps=["outside"])
        def part(context: Any) -> int:
            ran.append(f"part {context.partition_key}")
            there = int((folder / f"outside-{context.partition_key}").read_text())
            return (ord(context.partition_key) * factor + there + int(context.op_config["add"])) % 3

        @asset(partitions_def=LETTERS)
        def double(context: Any, part: int) -> int:
            ran.append(f"double {context.partition_key}")
            return part * 2

        @asset
        def whole(double: dict[str, int]) -> int:
            ran.append("whole")
            return sum(double.values())

        return part, double, whole

    def _run(self, assets: list[Any], **options: Any) -> list[str]:
        self.ran.clear()
        manager = PickledObjectFilesystemIOManager(self.folder)
        policy = CachePolicy(verify="digest", ttl=self.ttl)
        given = {"resources": {"io_manager": manager}, "reuse": policy, **options}
        assert materialize(assets, instance=self.instance, on_event=lambda entry: None, **given).success
        return list(self.ran)

    def _expect(self, name: str, made_from: tuple[Any, ...], value: int) -> list[str]:
        """Return whether a value is out of date, as the list of what runs, and note that it is made."""
        is_current = self.made.get(name) == made_from and self.ttl != 0.0
        self.made[name], self.values[name] = made_from, value
        return [] if is_current else [name]

    # -- what people do ------------------------------------------------------------------------

    @rule(letter=letters, number=small)
    def change_what_is_probed(self, letter: str, number: int) -> None:
        """Let one partition of what lies outside change, and tell nobody: the run looks."""
        self.outside[letter] = number
        (self.folder / f"outside-{letter}").write_text(str(number))

    @rule(factor=small)
    def change_the_code(self, factor: int) -> None:
        """Edit what the first asset closes over."""
        self.factor = factor

    @rule(ttl=st.sampled_from([None, None, 0.0, 1e9]))
    def change_the_time_to_live(self, ttl: float | None) -> None:
        """Ask for values of any age, of none, or of one that no test lives to see."""
        self.ttl = ttl

    @rule(name=st.sampled_from(["part", "double"]), letter=letters, is_damaged=st.booleans())
    def break_a_value(self, name: str, letter: str, is_damaged: bool) -> None:
        """Remove or damage the file of one partition."""
        if f"{name} {letter}" in self.made:
            (path,) = (self.folder / name).glob(f"*{letter}.pickle")
            if is_damaged:
                path.write_bytes(path.read_bytes()[:-1] + b"?")
            else:
                path.unlink()
            self.made[f"{name} {letter}"] = ("broken",)
            self._run_one(letter, 0)  # what takes all of them never meets a hole

    @rule(letter=letters, add=small)
    def run_a_partition(self, letter: str, add: int) -> None:
        """Bring one partition up to date, with a config of this run."""
        self._run_one(letter, add)

    def _run_one(self, letter: str, add: int) -> None:
        part, double, _ = self._assets()
        outside = SourceAsset("outside", partitions_def=LETTERS, probe=file_probe(self.folder / "outside-{partition}"))
        ran = self._run(
            [part, double, outside], partition_key=letter, run_config={"ops": {"part": {"config": {"add": add}}}}
        )
        there = self.outside[letter]
        value = (ord(letter) * self.factor + there + add) % 3
        expected = self._expect(f"part {letter}", (self.factor, add, there), value)
        expected += self._expect(f"double {letter}", (value,), value * 2)
        assert ran == expected

    @rule()
    def run_what_takes_all(self) -> None:
        """Bring up to date what takes the values of all partitions."""
        names = [f"double {letter}" for letter in "abc"]
        if all(name in self.values for name in names):
            ran = self._run([self._assets()[2], SourceAsset("double", partitions_def=LETTERS)])
            taken = tuple(self.values[name] for name in names)
            assert ran == self._expect("whole", taken, sum(taken))

    @invariant()
    def values_are_those_of_a_run_from_nothing(self) -> None:
        """What was made last can be loaded, and is what it has to be."""
        for name, value in self.values.items():
            asset_name, _, letter = name.partition(" ")
            path = self.folder / asset_name
            found = next(path.glob(f"*{letter}.pickle")) if letter else path.with_suffix(".pickle")
            assert pickle.loads(found.read_bytes()) == value

    def teardown(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.folder, ignore_errors=True)


EXAMPLES = 500 if settings.get_current_profile_name() == "long" else 15
"""Times 30 steps; more with ``HYPOTHESIS_PROFILE=long``."""

Partitions.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPartitions = Partitions.TestCase
