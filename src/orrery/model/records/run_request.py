"""
What a schedule or sensor wishes: runs, a skip with its reason, a new cursor.

Wishes are values: whoever evaluates a tick hands them to the daemon, which stores the intention and
only then launches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetCheckKey, AssetKey, EntityKey
from orrery.base.records import Replaceable
from orrery.base.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    normalize_definition_tags,
)
from orrery.model.config.run_config import RunConfig, run_config_dict
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context

__all__ = ["RunRequest", "SkipReason", "partition_run_request"]


class SkipReason(Replaceable, msgspec.Struct, frozen=True):
    """
    Say that a tick launches nothing.

    Attributes:
        skip_message: Why, for people.
    """

    skip_message: str | None = None

    def __post_init__(self) -> None:
        if self.skip_message is not None and not isinstance(self.skip_message, str):
            raise InvalidInvocationError(f"skip_message must be text, not {self.skip_message!r}.", mend="give a text.")


class RunRequest(Replaceable, msgspec.Struct, frozen=True):
    """
    Wish for one run.

    Attributes:
        run_key: Name of the run: of requests of one schedule or sensor with one key, only the first gives
            a run. None asks for a run each time.
        run_config: Run config, as a dictionary or :class:`RunConfig`.
        tags: Tags of the run; values that are not text become JSON.
        job_name: The job, where the schedule or sensor has several.
        asset_selection: Assets to make; all of the job if None.
        stale_assets_only: Make only those of them that are out of date.
        partition_key: The partition to run.
        asset_check_keys: Checks to make; those of the selected assets if None.
        asset_graph_subset: Assets with their partitions, for the daemon.
    """

    run_key: str | None = None
    run_config: Any = None
    tags: Mapping[str, Any] | None = None
    job_name: str | None = None
    asset_selection: Sequence[AssetKey] | None = None
    stale_assets_only: bool = False
    partition_key: str | None = None
    asset_check_keys: Sequence[AssetCheckKey] | None = None
    asset_graph_subset: Any = None

    def __post_init__(self) -> None:
        for name in ("run_key", "job_name", "partition_key"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise InvalidInvocationError(
                    f"{name} of a run request must be text, not {value!r}.", mend="give a text."
                )
        for name, kind in (("asset_selection", AssetKey), ("asset_check_keys", AssetCheckKey)):
            for each in getattr(self, name) or ():
                if not isinstance(each, kind):
                    raise InvalidInvocationError(
                        f"{name} of a run request holds {each!r}, which is no {kind.__name__}.",
                        mend=f"write {kind.__name__}(...).",
                    )
        given = self.run_config
        msgspec.structs.force_setattr(
            self, "run_config", given.to_config_dict() if isinstance(given, RunConfig) else run_config_dict(given)
        )
        msgspec.structs.force_setattr(self, "tags", normalize_definition_tags(self.tags))

    @classmethod
    def for_asset_graph_subset(cls, asset_graph_subset: Any, tags: Mapping[str, str] | None) -> RunRequest:
        """Return a request for assets with their partitions."""
        return cls(tags=tags, asset_graph_subset=asset_graph_subset)

    @property
    def entity_keys(self) -> Sequence[EntityKey]:
        """Return the selected assets and checks."""
        return [*(self.asset_selection or ()), *(self.asset_check_keys or ())]

    @property
    def is_job_entity_request(self) -> bool:
        """Tell whether the request is for a whole job, by the condition of the job: never so far."""
        return False

    @property
    def partition_key_range(self) -> PartitionKeyRange | None:
        """Return the first and last partition, if the tags name them."""
        tags = self.tags or {}
        if ASSET_PARTITION_RANGE_START_TAG in tags and ASSET_PARTITION_RANGE_END_TAG in tags:
            return PartitionKeyRange(tags[ASSET_PARTITION_RANGE_START_TAG], tags[ASSET_PARTITION_RANGE_END_TAG])
        return None

    def has_resolved_partition(self) -> bool:
        """Tell whether the tags already name the partition."""
        return PARTITION_NAME_TAG in (self.tags or {})

    def requires_backfill_daemon(self) -> bool:
        """Tell whether the request is for more than one run can hold."""
        return self.asset_graph_subset is not None

    def with_replaced_attrs(self, **kwargs: Any) -> RunRequest:
        """Return the request with other attributes."""
        return msgspec.structs.replace(self, **kwargs)

    def with_resolved_tags_and_config(
        self, target_definition: Any, dynamic_partitions_requests: Sequence[Any], dynamic_partitions_store: Any
    ) -> RunRequest:
        """
        Return the request with the tags and the run config of its partition.

        Args:
            target_definition: The job (or the unresolved asset job) that will run.
            dynamic_partitions_requests: Changes to dynamic partitions that are made before the run.
            dynamic_partitions_store: Where dynamic partitions are kept; may be None.

        Raises:
            InvalidInvocationError: The request names no partition, or the job has none.
            UnknownPartitionError: The partition is not there.
        """
        if self.partition_key is None:
            raise InvalidInvocationError("Cannot resolve the partition of a run request without a partition key.")
        store = _with_requests(dynamic_partitions_store, dynamic_partitions_requests)
        made = target_definition.run_request_for_partition(
            self.partition_key, dynamic_partitions_store=store, run_config=self.run_config or None
        )
        return msgspec.structs.replace(self, run_config=made.run_config, tags={**(self.tags or {}), **made.tags})


class _StoreWithRequests:
    """A store of dynamic partitions as it will be after certain requests."""

    def __init__(self, store: Any, requests: Sequence[Any]) -> None:
        self._store = store
        self._requests = requests

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        keys = list(self._store.get_dynamic_partitions(partitions_def_name)) if self._store is not None else []
        for request in self._requests:
            if request.partitions_def_name != partitions_def_name:
                continue
            if type(request).__name__.startswith("Delete"):
                keys = [each for each in keys if each not in request.partition_keys]
            else:
                keys.extend(each for each in request.partition_keys if each not in keys)
        return keys

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


def _with_requests(store: Any, requests: Sequence[Any]) -> Any:
    return _StoreWithRequests(store, requests) if requests else store


def partition_run_request(
    job_name: str,
    partitions_def: Any,
    partitioned_config: Any,
    partition_key: str,
    *,
    run_key: str | None,
    tags: Mapping[str, str] | None,
    asset_selection: Sequence[AssetKey] | None,
    run_config: Mapping[str, Any] | None,
    current_time: Any,
    dynamic_partitions_store: Any,
) -> RunRequest:
    """
    Return a request for a run of a partition, with the tags and the run config of the partition.

    Raises:
        UnknownPartitionError: The partition is not there.
    """
    with partition_loading_context(current_time, dynamic_partitions_store) as loading:
        partitions_def.validate_partition_key(partition_key, loading)
        if partitioned_config is not None:
            own_tags = partitioned_config.get_tags_for_partition_key(partition_key, job_name=job_name)
            if run_config is None:
                run_config = partitioned_config.get_run_config_for_partition_key(partition_key)
        else:
            own_tags = partitions_def.get_tags_for_partition_key(partition_key)
    return RunRequest(
        job_name=job_name,
        run_key=run_key,
        run_config=run_config,
        tags={**(tags or {}), **own_tags},
        asset_selection=asset_selection,
        partition_key=partition_key,
    )
