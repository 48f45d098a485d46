"""Sources with a probe: a run looks at what lies outside before its first step, and decides by what it sees."""

import functools
import pickle
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import time_machine

from orrery.adapters.cache.probes import file_probe, query_probe, url_probe, url_version
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import MaterializationPlan, check_plan, explain, plan_materialization
from orrery.base.errors import InvalidDefinitionError, PlanOutdatedError, ProbeFailedError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.probe import Probe
from orrery.model.events.data_version import DataVersion
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.contexts.asset import AssetExecutionContext
from orrery.runtime.instance.instance import Instance

seen = AssetKey("seen")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk."""
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


class Outside:
    """Something outside, and how often it was looked at."""

    def __init__(self) -> None:
        self.version: Any = "v1"
        self.looks = 0

    def look(self) -> Any:
        """Return the version, or raise it."""
        self.looks += 1
        if isinstance(self.version, BaseException):
            raise self.version
        return self.version


@asset(deps=["seen"])
def report() -> int:
    """Made from the source."""
    return 1


@asset(deps=["seen"])
def other() -> int:
    """Made from the source, too."""
    return 2


def ran(probe: Any, instance: Instance, *, reuse: Any = True, **options: Any) -> bool:
    """Materialize what is made from the source, and tell whether it ran."""
    source = AssetSpec("seen", probe=probe)
    result = materialize([report, source], instance=instance, reuse=reuse, on_event=lambda entry: None, **options)
    return not any(event.is_step_skipped for event in result.all_events)


def observed(instance: Instance) -> list[str | None]:
    """Return the versions that were recorded of the source, oldest first."""
    records = instance.fetch_observations(seen, limit=100).records
    return [record.asset_event.tags["orrery/data_version"] for record in reversed(records) if record.asset_event]


def check_that_it_follows(probe: Any, change: Callable[[], object], instance: Instance) -> None:
    """Check that the asset runs where the source changed, and only there."""
    assert [ran(probe, instance), ran(probe, instance)] == [True, False]
    change()
    assert [ran(probe, instance), ran(probe, instance)] == [True, False]
    before = observed(instance)
    assert len(before) == 4
    assert before[0] == before[1] != before[2] == before[3]


def test_a_file_is_looked_at_by_the_run(instance: Instance, tmp_path: Path) -> None:
    """No observation has to be made before."""
    path = tmp_path / "prices.csv"
    path.write_text("1")
    check_that_it_follows(file_probe(path), lambda: path.write_text("2"), instance)


def test_a_table_is_looked_at_by_the_run(instance: Instance, tmp_path: Path) -> None:
    """By a connection of its own, that is closed after each look."""
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        opened.append(sqlite3.connect(tmp_path / "shop.db"))
        return opened[-1]

    def insert() -> None:
        with sqlite3.connect(tmp_path / "shop.db") as connection:
            connection.execute("insert into orders values (1)")
        connection.close()

    connection = connect()
    connection.execute("create table orders (n integer)")
    connection.close()
    check_that_it_follows(query_probe(connect, "select count(*), max(n) from orders"), insert, instance)
    assert len(opened) == 5
    for each in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            each.execute("select 1")


def test_a_page_is_looked_at_by_the_run(instance: Instance) -> None:
    """By a request for its head alone."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        tag = "one"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("ETag", f'"{Handler.tag}"')
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        probe = url_probe(f"http://127.0.0.1:{server.server_address[1]}/rates")
        check_that_it_follows(probe, lambda: setattr(Handler, "tag", "two"), instance)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/rates"] * 4


def test_a_function_is_a_probe(instance: Instance) -> None:
    """It returns a DataVersion, or its text; a source asset takes it, too."""
    outside = Outside()
    assert ran(outside.look, instance)
    outside.version = DataVersion("v1")
    assert not ran(outside.look, instance)
    source = SourceAsset("seen", probe=outside.look)
    outside.version = "v2"
    result = materialize([report, source], instance=instance, reuse=True)
    assert not any(event.is_step_skipped for event in result.all_events)
    assert source.spec.probe == Probe(outside.look)


def test_a_source_of_many_is_looked_at_once(instance: Instance) -> None:
    """And one of none not at all."""
    outside, unneeded = Outside(), Outside()
    sources = [AssetSpec("seen", probe=outside.look), AssetSpec("unneeded", probe=unneeded.look)]
    assert materialize([report, other, *sources], instance=instance, reuse=True).success
    assert (outside.looks, unneeded.looks) == (1, 0)


def test_a_plan_looks_and_records_nothing(instance: Instance) -> None:
    """It names the versions; why an asset runs is told by the same look."""
    outside = Outside()
    ran(outside.look, instance)
    outside.version = "v2"
    source = AssetSpec("seen", probe=outside.look)
    plan = plan_materialization([report, source], instance=instance)
    assert plan.steps[0].decision.told == "input seen changed: v1 to v2"
    assert explain(report, [report, source], instance=instance).provenance.inputs["seen"].version == "v2"
    assert observed(instance) == ["v1"]
    assert outside.looks == 3
    assert ran(outside.look, instance)


def test_a_saved_plan_is_refused_where_the_source_moved(instance: Instance) -> None:
    """One that is not seen either time did not move."""
    outside = Outside()
    source = AssetSpec("seen", probe=Probe(outside.look, on_failure="warn"))

    def plan() -> MaterializationPlan:
        return plan_materialization([report, source], instance=instance)

    saved = plan()
    check_plan(saved, plan())
    outside.version = "v2"
    with pytest.raises(PlanOutdatedError, match="report: input seen changed: v1 to v2"):
        check_plan(saved, plan())
    outside.version = OSError("no network")
    with pytest.warns(UserWarning, match="It counts as changed"):
        check_plan(plan(), plan())


def test_a_young_look_is_enough_where_a_lag_is_borne(instance: Instance) -> None:
    """Until it is as old as the lag."""
    outside = Outside()
    probe = Probe(outside.look, max_lag=timedelta(minutes=10))
    with time_machine.travel(1_700_000_000, tick=False) as clock:
        assert ran(probe, instance)
        outside.version = "v2"
        clock.shift(599)
        assert not ran(probe, instance)
        assert outside.looks == 1
        clock.shift(1)
        assert ran(probe, instance)
        assert outside.looks == 2
        outside.version = "v3"
        clock.shift(-60)  # a clock that was put back proves nothing
        assert ran(probe, instance)
    assert observed(instance) == ["v1", "v2", "v3"]


def test_a_plan_is_no_look_that_counts(instance: Instance) -> None:
    """Only what is recorded is known to the next run."""
    outside = Outside()
    probe = Probe(outside.look, max_lag=3600)
    source = AssetSpec("seen", probe=probe)
    plan_materialization([report, source], instance=instance)
    assert ran(probe, instance)
    assert outside.looks == 2


def test_a_probe_that_fails_ends_the_run_before_its_first_step(instance: Instance, tmp_path: Path) -> None:
    """A plan, too; the error names the asset and what was raised."""
    probe = file_probe(tmp_path / "gone.csv")
    source = AssetSpec("seen", probe=probe)
    with pytest.raises(ProbeFailedError, match=r"asset 'seen' failed: FileNotFoundError: .*gone.csv") as caught:
        ran(probe, instance)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(ProbeFailedError):
        plan_materialization([report, source], instance=instance)
    result = materialize([report, source], instance=instance, reuse=True, raise_on_error=False)
    assert not result.success
    assert not [event for event in result.all_events if event.event_type_value == "STEP_START"]


@pytest.mark.parametrize("told", [None, 5, SystemExit(1)])
def test_what_is_no_version_is_an_error(instance: Instance, told: Any) -> None:
    """Also what would end the process."""
    outside = Outside()
    outside.version = told
    with pytest.raises(ProbeFailedError, match=r"returned (None|5)|SystemExit"):
        ran(outside.look, instance)


def test_a_failure_may_be_a_warning(instance: Instance) -> None:
    """What was seen last counts then; what was never seen counts as changed."""
    outside = Outside()
    outside.version = OSError("no network")
    probe = Probe(outside.look, on_failure="warn")
    assert [ran(probe, instance), ran(probe, instance)] == [True, True]
    outside.version = "v1"
    assert [ran(probe, instance), ran(probe, instance)] == [True, False]
    outside.version = OSError("no network")
    assert not ran(probe, instance)
    assert observed(instance) == ["v1", "v1"]
    source = AssetSpec("seen", probe=probe)
    with pytest.warns(UserWarning, match=r"asset 'seen' failed: OSError: no network. What was seen last counts."):
        assert plan_materialization([report, source], instance=instance).is_current


def test_the_warning_stands_in_the_log_of_the_run(instance: Instance) -> None:
    """Where people look for it."""
    outside = Outside()
    outside.version = OSError("no network")
    source = AssetSpec("seen", probe=Probe(outside.look, on_failure="warn"))
    result = materialize([report, source], instance=instance, reuse=True)
    lines = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert "The probe of asset 'seen' failed: OSError: no network. It counts as changed." in lines


def test_a_run_that_skips_nothing_looks_all_the_same(instance: Instance) -> None:
    """The next one knows what the value was made from; a failure is none of its business."""
    outside = Outside()
    assert ran(outside.look, instance, reuse=False)
    assert not ran(outside.look, instance)
    outside.version = OSError("no network")
    assert ran(outside.look, instance, reuse=False)
    outside.version = "v1"
    assert ran(outside.look, instance)  # nobody knows what that run read
    assert observed(instance) == ["v1", "v1", "v1"]


def test_where_sources_are_ignored_a_failure_is_a_warning(instance: Instance) -> None:
    """No decision hangs on it."""
    outside, policy = Outside(), CachePolicy(sources="ignore")
    assert ran(outside.look, instance, reuse=policy)
    outside.version = OSError("no network")
    assert not ran(outside.look, instance, reuse=policy)


async def sleepy() -> str:
    """Cannot be asked before the loop runs."""
    return "1"


def always_one() -> str:
    """Return the version of a source that never changes."""
    return "1"


def test_a_connection_is_no_function_that_opens_one() -> None:
    """Though one of sqlite can be called."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(InvalidDefinitionError, match="no function that opens a connection"):
        query_probe(connection, "select 1")
    connection.close()


def test_a_probe_is_kept_by_copies(tmp_path: Path) -> None:
    """With other attributes, as a source asset, pickled."""
    spec = AssetSpec("seen", probe=file_probe(tmp_path / "a", max_lag=5))
    probe = spec.probe
    assert probe is not None
    assert spec.replace_attributes(group_name="g").probe == probe
    assert spec.replace_attributes(probe=None).probe is None
    assert AssetsDefinition(specs=[spec]).to_source_asset().probe == probe
    assert SourceAsset("seen", probe=probe).with_attributes(group_name="g").probe == probe
    assert pickle.loads(pickle.dumps(AssetSpec("seen", probe=always_one))).probe == Probe(always_one)
    assert spec != AssetSpec("seen")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: AssetSpec("seen", probe="prices.csv"), "'probe' of asset 'seen' is 'prices.csv'"),
        (lambda: SourceAsset("seen", probe=5), "'probe' of asset 'seen' is 5"),
        (lambda: Probe("prices.csv"), "that is no function"),
        (lambda: AssetSpec("seen", probe=url_version), "'url_version' of asset 'seen' takes an argument, the key of"),
        (lambda: AssetSpec("seen", probe=sleepy), "'sleepy' is an async function"),
        (lambda: file_probe("a", max_lag=-1), "no length of time"),
        (lambda: file_probe("a", max_lag=True), "no length of time"),
        (lambda: file_probe("a", on_failure="ignore"), "no such choice"),
        (lambda: query_probe("shop.db", "select 1"), "no function that opens a connection"),  # type: ignore[arg-type]
        (lambda: SourceAsset("seen", probe=Outside().look, observe_fn=Outside().look), "'observe_fn' and 'probe'"),
        (
            lambda: multi_asset(name="made", specs=[AssetSpec("seen", probe=print)])(lambda: None),
            "has a probe, and a f",
        ),
        (
            lambda: AssetSpec("seen", probe=lambda partition: "v1"),
            "takes an argument, the key of a partition, and the asset has none",
        ),
        (
            lambda: AssetSpec("seen", probe=file_probe("sales-{partition}.csv")),
            r"The probe of asset 'seen' looks at 'sales-\{partition\}.csv', a place for each partition, and the asset has none",
        ),
        (
            lambda: AssetSpec("seen", probe=functools.partial(url_version)),
            "The probe 'url_version' of asset 'seen' takes an argument",
        ),
        (
            lambda: Probe(lambda one, two: "v1"),
            "cannot be called without arguments, nor with a partition key alone",
        ),
    ],
)
def test_what_cannot_be_a_probe_is_told_at_once(make: Callable[[], Any], told: str) -> None:
    """Where it was written."""
    with pytest.raises(InvalidDefinitionError, match=told):
        make()


# -- partitions --------------------------------------------------------------------------------

LETTERS = StaticPartitionsDefinition(["a", "b", "c"])


class Letters:
    """Something outside that has partitions, and which of them were looked at."""

    def __init__(self) -> None:
        self.versions: dict[str, Any] = {"a": "v1", "b": "v1", "c": "v1"}
        self.looks: list[str] = []

    def look(self, partition: str) -> Any:
        """Return the version of one, or raise it."""
        self.looks.append(partition)
        version = self.versions[partition]
        if isinstance(version, BaseException):
            raise version
        return version

    def look_at_all(self) -> Any:
        """Return the versions of all."""
        return dict(self.versions)


@asset(deps=["seen"], partitions_def=LETTERS)
def by_letter(context: AssetExecutionContext) -> Any:
    """Made from the partition of the same key."""
    keys = context.partition_keys
    return 1 if len(keys) == 1 else dict.fromkeys(keys, 1)


@asset(deps=["seen"])
def of_all() -> int:
    """Made from all partitions."""
    return 1


def ran_of(made: Any, probe: Any, instance: Instance, **options: Any) -> bool:
    """Materialize what is made from the source with partitions, and tell whether it ran."""
    source = AssetSpec("seen", probe=probe, partitions_def=LETTERS)
    given = {"instance": instance, "reuse": True, "on_event": lambda entry: None, **options}
    return not any(event.is_step_skipped for event in materialize([made, source], **given).all_events)


@pytest.mark.parametrize("by_partition", [True, False])
def test_a_partition_is_made_again_when_its_own_source_changed(instance: Instance, by_partition: bool) -> None:
    """Whether the probe is asked for each, or tells all at once."""
    letters = Letters()
    probe = letters.look if by_partition else letters.look_at_all

    def ran_now() -> list[str]:
        return [each for each in "abc" if ran_of(by_letter, probe, instance, partition_key=each)]

    assert ran_now() == ["a", "b", "c"]
    assert ran_now() == []
    letters.versions["b"] = "v2"
    assert ran_now() == ["b"]
    assert ran_of(of_all, probe, instance)
    assert not ran_of(of_all, probe, instance)
    letters.versions["c"] = "v2"
    assert ran_of(of_all, probe, instance)


def test_a_run_looks_at_the_partitions_that_it_takes_and_records_what_is_new(instance: Instance) -> None:
    """Of a partition run, one; of a range, those of the range; a second look that sees the same records nothing."""
    letters = Letters()
    ran_of(by_letter, letters.look, instance, partition_key="b")
    assert letters.looks == ["b"]
    ran_of(by_letter, letters.look, instance, partition_key_range=("a", "b"))
    assert letters.looks == ["b", "a", "b"]
    assert observed(instance) == ["v1", "v1"]


def test_one_version_stands_for_all_partitions(instance: Instance) -> None:
    """A source in one file is one file, whatever its partitions are."""
    outside = Outside()
    assert ran_of(by_letter, outside.look, instance, partition_key="a")
    assert not ran_of(by_letter, outside.look, instance, partition_key="a")
    outside.version = "v2"
    assert ran_of(by_letter, outside.look, instance, partition_key="a")


def test_a_partition_in_a_file_of_its_own(instance: Instance, tmp_path: Path) -> None:
    """``{partition}`` in the path stands for the key; one that may lead elsewhere is refused."""
    for each in "abc":
        (tmp_path / f"{each}.csv").write_text("1")
    probe = file_probe(tmp_path / "{partition}.csv")
    assert ran_of(by_letter, probe, instance, partition_key="a")
    (tmp_path / "b.csv").write_text("2")
    assert not ran_of(by_letter, probe, instance, partition_key="a")
    (tmp_path / "a.csv").write_text("2")
    assert ran_of(by_letter, probe, instance, partition_key="a")
    with pytest.raises(InvalidDefinitionError, match="may lead elsewhere"):
        probe.look("../a")
    with pytest.raises(InvalidDefinitionError, match="may lead elsewhere"):
        url_probe("memory://folder/{partition}").look("..")


def test_a_partition_that_could_not_be_seen_counts_as_its_probe_says(instance: Instance) -> None:
    """It ends a run that takes it, and no other; under ``warn`` what was seen last counts."""
    letters = Letters()
    ran_of(by_letter, letters.look, instance, partition_key="a")
    letters.versions["a"] = OSError("gone")
    with pytest.raises(ProbeFailedError, match="asset 'seen', partition 'a', failed: OSError: gone"):
        ran_of(by_letter, letters.look, instance, partition_key="a")
    assert ran_of(by_letter, letters.look, instance, partition_key="b")
    assert not ran_of(by_letter, Probe(letters.look, on_failure="warn"), instance, partition_key="a")
    with pytest.raises(ProbeFailedError, match="says nothing of partition 'c'"):
        ran_of(by_letter, lambda: {"a": "v1"}, instance, partition_key="c")


def test_partitions_are_not_looked_at_again_within_the_lag(instance: Instance) -> None:
    """Each has its own time."""
    letters = Letters()
    probe = Probe(letters.look, max_lag=timedelta(hours=1))
    with time_machine.travel(0, tick=False) as clock:
        ran_of(by_letter, probe, instance, partition_key="a")
        clock.shift(3000)
        ran_of(by_letter, probe, instance, partition_key="b")
        clock.shift(1000)
        ran_of(of_all, probe, instance)
    assert letters.looks == ["a", "b", "a", "c"]


def test_a_plan_looks_at_partitions_too(instance: Instance) -> None:
    """And records nothing."""
    letters = Letters()
    ran_of(by_letter, letters.look, instance, partition_key="a")
    source = AssetSpec("seen", probe=letters.look, partitions_def=LETTERS)
    options: Any = {"instance": instance, "partition_key": "a"}
    assert plan_materialization([by_letter, source], **options).is_current
    letters.versions["a"] = "v2"
    (step,) = plan_materialization([by_letter, source], **options).to_run
    assert "input seen changed: v1 to v2" in step.decision.told
    assert observed(instance) == ["v1"]
