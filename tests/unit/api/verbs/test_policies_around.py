"""Cache policies of a group and of a project, given in Python: which of several counts."""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.materialize import materialize
from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.assets.unresolved_asset_job import define_asset_job
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.project.definitions import Definitions
from orrery.definitions.project.from_modules import load_assets_from_modules
from orrery.runtime.instance.instance import Instance

USE, ALWAYS = CachePolicy(), CachePolicy(always=True)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk."""
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


@asset(group_name="mails")
def mail() -> int:
    """Sends something."""
    return 1


@asset(group_name="data")
def table() -> int:
    """Makes something."""
    return 2


@asset(group_name="data", cache=ALWAYS)
def own() -> int:
    """Has a policy of its own."""
    return 3


@asset
def ungrouped() -> int:
    """Stands in no group."""
    return 4


ALL = [mail, table, own, ungrouped]


def ran(defs: Definitions, instance: Instance, job: str | None = None, **options: Any) -> list[str]:
    """Run all twice, and return what ran the second time."""
    names: list[str] = []
    for _ in range(2):
        if job is not None:
            result: Any = defs.resolve_job_def(job).execute_in_process(instance=instance, **options)
        else:
            result = materialize(ALL, instance=instance, definitions=defs, on_event=lambda entry: None, **options)
        names = [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]
    return sorted(names)


def test_a_group_has_a_policy(instance: Instance) -> None:
    """In every run; what has a policy of its own follows that."""
    defs = Definitions(assets=ALL, cache_by_group={"data": USE})
    assert ran(defs, instance) == ["mail", "own", "ungrouped"]
    assert ran(defs, instance, "__ASSET_JOB") == ["mail", "own", "ungrouped"]


def test_the_default_group_is_a_group(instance: Instance) -> None:
    """What says nothing of a group stands in that one."""
    assert ran(Definitions(assets=ALL, cache_by_group={"default": USE}), instance) == ["mail", "own", "table"]


def test_a_project_has_a_policy(instance: Instance) -> None:
    """For all of which nothing else speaks."""
    defs = Definitions(assets=ALL, cache=USE, cache_by_group={"mails": ALWAYS})
    assert ran(defs, instance) == ["mail", "own"]


@pytest.mark.parametrize("reuse", [True, CachePolicy(ttl=3600)])
def test_a_run_that_reuses_does_not_overrule_a_group(instance: Instance, reuse: Any) -> None:
    """A group that always runs, runs."""
    assert ran(Definitions(assets=ALL, cache_by_group={"mails": ALWAYS}), instance, reuse=reuse) == ["mail", "own"]


def test_a_run_with_a_policy_of_its_own_overrules_a_project_and_one_without_does_not(instance: Instance) -> None:
    """``reuse=True`` leaves the word to the project."""
    defs = Definitions(assets=ALL, cache=ALWAYS)
    assert ran(defs, instance, reuse=True) == ["mail", "own", "table", "ungrouped"]
    assert ran(defs, instance, reuse=CachePolicy(ttl=3600)) == ["own"]


def test_a_job_overrules_a_project_and_not_a_group(instance: Instance) -> None:
    """What stands nearer to the asset counts."""
    defs = Definitions(
        assets=ALL,
        jobs=[define_asset_job("nightly", selection="*", cache=USE)],
        cache=ALWAYS,
        cache_by_group={"mails": ALWAYS},
    )
    assert ran(defs, instance, "nightly") == ["mail", "own"]


def test_merged_definitions_keep_their_policies_apart() -> None:
    """Each speaks of its own assets alone."""
    merged = Definitions.merge(
        Definitions(assets=[table], cache=USE), Definitions(assets=[mail], cache_by_group={"mails": ALWAYS})
    )
    around = {each.key.to_user_string(): each._policies_around for each in merged.all_assets_defs()}
    assert around == {"table": (None, USE), "mail": (ALWAYS, None)}


def test_assets_are_loaded_with_a_policy(instance: Instance) -> None:
    """For those that have none of their own; a group says nothing more of them."""
    module = types.ModuleType("loaded_with_a_policy")
    vars(module).update({each.key.to_user_string(): each for each in ALL})
    sys.modules[module.__name__] = module
    loaded = load_assets_from_modules([module], cache=USE)
    defs = Definitions(assets=loaded, cache_by_group={"mails": ALWAYS})
    assert ran(defs, instance, "__ASSET_JOB") == ["own"]


TTL = CachePolicy(ttl=60)


@pytest.mark.parametrize(
    ("one", "two", "counts"),
    [
        (USE, USE, USE),
        (USE, ALWAYS, ALWAYS),
        (TTL, USE, ALWAYS),
        (None, USE, ALWAYS),
        (USE, None, ALWAYS),
        (None, None, None),
    ],
)
def test_assets_of_one_function_run_where_their_groups_do_not_agree(
    tmp_path: Path, one: CachePolicy | None, two: CachePolicy | None, counts: CachePolicy | None
) -> None:
    """They are made together, or not at all: so in Python, so in the settings of the instance."""

    @multi_asset(outs={"first": AssetOut(group_name="one"), "second": AssetOut(group_name="two")})
    def both() -> tuple[int, int]:
        return 1, 2

    said = {name: policy for name, policy in (("one", one), ("two", two)) if policy is not None}
    (made,) = Definitions(assets=[both], cache_by_group=said).all_assets_defs()
    assert made._policies_around == (counts, None)
    groups = {name: json.loads(policy.as_tags()["orrery/cache"]) for name, policy in said.items()}
    with Instance.local_temp(str(tmp_path / "told"), overrides={"cache": {"groups": groups}}) as told:
        results = [materialize([both], instance=told, on_event=lambda entry: None) for _ in range(2)]
    assert any(event.is_step_skipped for event in results[1].all_events) == (counts is not None and not counts.always)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cache_by_group": {"mail": USE}}, "names the group 'mail', and no asset is in it"),
        ({"cache_by_group": {"mails": True}}, r"cache_by_group\['mails'\] of Definitions is True"),
        ({"cache_by_group": USE}, "not a dictionary"),
        ({"cache": {"mails": USE}}, "cache of Definitions is .* which is no policy"),
    ],
)
def test_what_is_no_policy_is_told(given: Any, told: str) -> None:
    """In the words of the user."""
    with pytest.raises(InvalidDefinitionError, match=told):
        Definitions(assets=ALL, **given).get_repository_def()
    with pytest.raises(InvalidDefinitionError, match="that is no policy"):
        load_assets_from_modules([], cache=True)  # type: ignore[arg-type]
