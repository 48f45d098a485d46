"""
Tags: short labels on definitions, runs and events, and the names that Orrery itself uses.

A definition's tags obey the strict form (they are searched and shown as chips); a run's tags may
hold any text as value. The system's own tags begin with ``orrery/``; the same names with
``dagster/`` in front are taken as aliases of them (see ``canonical_tag``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.text import without_half_pairs

__all__ = [
    "ACCEPTED_TAG",
    "ASSET_EVALUATION_ID_TAG",
    "ASSET_PARTITION_RANGE_END_TAG",
    "ASSET_PARTITION_RANGE_START_TAG",
    "AUTOMATION_CONDITION_TAG",
    "AUTO_MATERIALIZE_TAG",
    "AUTO_OBSERVE_TAG",
    "AUTO_RETRY_RUN_ID_TAG",
    "BACKFILL_ID_TAG",
    "CODE_LOCATION_TAG",
    "CODE_VERSION_TAG",
    "COMPUTE_KIND_TAG",
    "CONCURRENCY_KEY_TAG",
    "DAMAGED_VALUE_TAG",
    "DATA_VERSION_IS_USER_PROVIDED_TAG",
    "DATA_VERSION_TAG",
    "FRESH_PROCESS_TAG",
    "HIDDEN_TAG_PREFIX",
    "INPUT_DATA_VERSION_TAG_PREFIX",
    "INPUT_EVENT_POINTER_TAG_PREFIX",
    "KIND_PREFIX",
    "MADE_BY_RUN_TAG",
    "MAX_RETRIES_TAG",
    "MAX_RUNTIME_SECONDS_TAG",
    "MULTIDIMENSIONAL_PARTITION_PREFIX",
    "NULL_EVENT_POINTER",
    "OP_SELECTION_TAG",
    "PARENT_RUN_ID_TAG",
    "PARTITION_NAME_TAG",
    "PARTITION_SET_TAG",
    "POOL_SLOTS_TAG",
    "POOL_TAG_PREFIX",
    "PRIORITY_TAG",
    "PULLED_TAG",
    "REPOSITORY_LABEL_TAG",
    "RESUME_RETRY_TAG",
    "RETRY_NUMBER_TAG",
    "RETRY_ON_ASSET_OR_OP_FAILURE_TAG",
    "RETRY_STRATEGY_TAG",
    "ROOT_RUN_ID_TAG",
    "RUN_FAILURE_REASON_TAG",
    "RUN_ISOLATION_TAG",
    "RUN_KEY_TAG",
    "SCHEDULED_EXECUTION_TIME_TAG",
    "SCHEDULE_NAME_TAG",
    "SENSOR_NAME_TAG",
    "STEP_POOL_TAG_PREFIX",
    "STEP_SELECTION_TAG",
    "SYSTEM_TAG_PREFIX",
    "TICK_ID_TAG",
    "Tags",
    "WILL_RETRY_TAG",
    "canonical_tag",
    "canonical_tags",
    "dimensions_in_tags",
    "has_partition_tags",
    "kinds_as_tags",
    "kinds_of_tags",
    "normalize_definition_tags",
    "normalize_event_tags",
    "normalize_run_tags",
    "partition_dimension_tag",
]

SYSTEM_TAG_PREFIX = "orrery/"
HIDDEN_TAG_PREFIX = ".orrery/"
_ALIASES = (("dagster/", SYSTEM_TAG_PREFIX), (".dagster/", HIDDEN_TAG_PREFIX))
_ALIAS_STARTS = tuple(alias for alias, _ in _ALIASES)

ASSET_EVALUATION_ID_TAG = "orrery/asset_evaluation_id"
ASSET_PARTITION_RANGE_END_TAG = "orrery/asset_partition_range_end"
ASSET_PARTITION_RANGE_START_TAG = "orrery/asset_partition_range_start"
AUTOMATION_CONDITION_TAG = "orrery/from_automation_condition"
AUTO_MATERIALIZE_TAG = "orrery/auto_materialize"
AUTO_OBSERVE_TAG = "orrery/auto_observe"
AUTO_RETRY_RUN_ID_TAG = "orrery/auto_retry_run_id"
BACKFILL_ID_TAG = "orrery/backfill"
CODE_LOCATION_TAG = "orrery/code_location"
CODE_VERSION_TAG = "orrery/code_version"
COMPUTE_KIND_TAG = "orrery/compute_kind"
CONCURRENCY_KEY_TAG = "orrery/concurrency_key"
DAMAGED_VALUE_TAG = "orrery/damaged_value"
REPLACED_INPUTS_TAG = "orrery/replaced_inputs"
"""Of an observation: the inputs that another run made anew while the value was made, as a list in JSON."""
DATA_VERSION_IS_USER_PROVIDED_TAG = "orrery/data_version_is_user_provided"
ACCEPTED_TAG = "orrery/accepted"
"""Of a materialization that calls a value current: when it was accepted (ISO 8601, UTC)."""
MADE_BY_RUN_TAG = "orrery/made_by_run"
"""Of the same: the run that made the value."""
PULLED_TAG = "orrery/pulled_from_run"
"""Of a materialization that was taken over from another machine: the run there that made the value."""
DATA_VERSION_TAG = "orrery/data_version"
INPUT_DATA_VERSION_TAG_PREFIX = "orrery/input_data_version"
INPUT_EVENT_POINTER_TAG_PREFIX = "orrery/input_event_pointer"
KIND_PREFIX = "orrery/kind/"
MAX_RETRIES_TAG = "orrery/max_retries"
FRESH_PROCESS_TAG = "orrery/fresh_process"
"""On a step: ``true`` for a process of its own, ``spawn`` for a fresh interpreter."""

MAX_RUNTIME_SECONDS_TAG = "orrery/max_runtime"
MULTIDIMENSIONAL_PARTITION_PREFIX = "orrery/partition/"
NULL_EVENT_POINTER = "NULL"
OP_SELECTION_TAG = "orrery/op_selection"
PARENT_RUN_ID_TAG = "orrery/parent_run_id"
PARTITION_NAME_TAG = "orrery/partition"
PARTITION_SET_TAG = "orrery/partition_set"
POOL_SLOTS_TAG = "orrery/pool_slots"
POOL_TAG_PREFIX = ".orrery/pool/"
PRIORITY_TAG = "orrery/priority"
REPOSITORY_LABEL_TAG = ".orrery/repository"
RESUME_RETRY_TAG = "orrery/is_resume_retry"
RETRY_NUMBER_TAG = "orrery/retry_number"
RETRY_ON_ASSET_OR_OP_FAILURE_TAG = "orrery/retry_on_asset_or_op_failure"
RETRY_STRATEGY_TAG = "orrery/retry_strategy"
ROOT_RUN_ID_TAG = "orrery/root_run_id"
RUN_FAILURE_REASON_TAG = "orrery/failure_reason"
RUN_ISOLATION_TAG = "orrery/isolation"
RUN_KEY_TAG = "orrery/run_key"
SCHEDULED_EXECUTION_TIME_TAG = ".orrery/scheduled_execution_time"
SCHEDULE_NAME_TAG = "orrery/schedule_name"
SENSOR_NAME_TAG = "orrery/sensor_name"
STEP_POOL_TAG_PREFIX = "orrery.pool/"
STEP_SELECTION_TAG = "orrery/step_selection"
TICK_ID_TAG = "orrery/tick"
WILL_RETRY_TAG = "orrery/will_retry"

_KEY = re.compile(r"([A-Za-z0-9_.\-]{1,63}/)?[A-Za-z0-9_.\-]{1,63}\Z")
_VALUE = re.compile(r"[A-Za-z0-9_.\-]{0,63}\Z")


def canonical_tag(key: str) -> str:
    """
    Return the name under which a tag is kept: aliases of the system's own tags become ours.

    >>> canonical_tag("dagster/priority")
    'orrery/priority'
    >>> canonical_tag("team")
    'team'
    """
    if key.startswith(_ALIAS_STARTS):
        for alias, prefix in _ALIASES:
            if key.startswith(alias):
                return prefix + key[len(alias) :]
    return key


class Tags(dict[str, str]):
    """
    Tags under the names they are kept by; the aliases of the system's own tags find them, too.

    >>> Tags({"orrery/partition": "a"})["dagster/partition"]
    'a'
    """

    __slots__ = ()

    def __missing__(self, key: str) -> str:
        name = canonical_tag(key)
        if name != key and dict.__contains__(self, name):
            return dict.__getitem__(self, name)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or (isinstance(key, str) and dict.__contains__(self, canonical_tag(key)))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of the tag, under its name or an alias."""
        if dict.__contains__(self, key):
            return dict.__getitem__(self, key)
        return dict.get(self, canonical_tag(key), default)


def canonical_tags(tags: Mapping[str, str]) -> Tags:
    """Return *tags* with each name as it is kept."""
    return Tags({canonical_tag(key): value for key, value in tags.items()})


def normalize_definition_tags(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """
    Return the tags of an op, a graph or a job: any text as name, any text as value.

    Values that are not text but that JSON can say become JSON text, so that ``{"retries": 3}`` means
    ``{"retries": "3"}``.

    Raises:
        InvalidDefinitionError: A name is not text, or a value can be said in no JSON.

    >>> tags = normalize_definition_tags({"retries": 3, "dagster/priority": "1"})
    >>> tags
    {'retries': '3', 'orrery/priority': '1'}
    >>> tags["dagster/priority"]
    '1'
    """
    if not tags:
        return {}
    if not isinstance(tags, Mapping):
        raise _no_mapping(tags)
    normal = Tags()
    for key, value in tags.items():
        if not isinstance(key, str):
            raise _no_text(key)
        text = value if isinstance(value, str) else _as_json(key, value)
        if not (key.isascii() and text.isascii()):
            _refuse_half_pairs({key: text})
        normal[canonical_tag(key)] = text
    return normal


def _refuse_half_pairs(tag: Mapping[str, str]) -> None:
    sound = {without_half_pairs(key): without_half_pairs(text) for key, text in tag.items()}
    if sound != tag:
        raise InvalidDefinitionError(
            f"The tag {str(tag)[1:-1]} holds half of a surrogate pair, which no record can hold.",
            mend=f"write {str(sound)[1:-1]}.",
        )


def normalize_run_tags(tags: Mapping[str, Any] | None) -> Tags:
    """Return the tags of a run; the rules are those of ``normalize_definition_tags``."""
    return Tags(normalize_definition_tags(tags))


def _as_json(key: str, value: Any) -> str:
    try:
        text = json.dumps(value)
        faithful = json.loads(text) == value
    except (TypeError, ValueError, RecursionError):
        faithful, text = False, ""
    if not faithful:
        raise InvalidDefinitionError(
            f"""Invalid value for tag "{key}": {value!r} is not text, and JSON cannot say it.""",
            mend="give text, for instance str(value).",
        )
    return text


def normalize_event_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """
    Return the tags of an asset or an event in their strict form.

    A name has letters, digits, ``_``, ``-`` and ``.``, at most 63 of them, with at most one ``/``
    that sets a namespace apart; a value the same without ``/``, or nothing. The system's own tags
    may be longer.

    Raises:
        InvalidDefinitionError: A name or a value is not of this form.
    """
    if not tags:
        return {}
    if not isinstance(tags, Mapping):
        raise _no_mapping(tags)
    normal = Tags()
    invalid = []
    for key, value in tags.items():
        if not isinstance(key, str):
            raise _no_text(key)
        if not isinstance(value, str):
            raise InvalidDefinitionError(
                f"Tag values must be strings, got type {type(value)} at key {key}.", mend=f"write {str(value)!r}."
            )
        name = canonical_tag(key)
        normal[name] = value
        if name.startswith((SYSTEM_TAG_PREFIX, HIDDEN_TAG_PREFIX)):
            continue
        if not _KEY.match(name):
            invalid.append(key)
        elif not _VALUE.match(value):
            raise InvalidDefinitionError(
                f"Invalid tag value: {value}, for key: {key}.",
                mend="use letters, digits, '_', '-' and '.', at most 63 of them, or put it into metadata.",
            )
    if invalid:
        raise InvalidDefinitionError(
            f"Found invalid tag keys: {invalid}.",
            mend="use letters, digits, '_', '-' and '.', at most 63 of them on each side of at most one '/'.",
        )
    return normal


def _no_mapping(tags: object) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"Tags are a mapping of text to text, not {tags!r} ({type(tags).__name__}).", mend='write {"team": "data"}.'
    )


def _no_text(key: object) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"Tag keys must be strings, got {key!r} ({type(key).__name__}).", mend=f"write {str(key)!r}."
    )


def kinds_as_tags(kinds: Iterable[str]) -> dict[str, str]:
    """
    Return the tags by which *kinds* are kept.

    >>> kinds_as_tags(["parquet"])
    {'orrery/kind/parquet': ''}
    """
    return {f"{KIND_PREFIX}{kind}": "" for kind in kinds}


def kinds_of_tags(tags: Mapping[str, str]) -> set[str]:
    """Return the kinds that *tags* keep, under our name or its alias."""
    names = map(canonical_tag, tags)
    return {name[len(KIND_PREFIX) :] for name in names if name.startswith(KIND_PREFIX)}


def has_partition_tags(tags: Mapping[str, str]) -> bool:
    """Tell whether a run with these tags was given a partition, or a range of them."""
    return bool(tags) and (
        PARTITION_NAME_TAG in tags
        or ASSET_PARTITION_RANGE_START_TAG in tags
        or any(name.startswith(MULTIDIMENSIONAL_PARTITION_PREFIX) for name in tags)
    )


def dimensions_in_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """
    Return the partition that a run with these tags was given in each dimension, by the dimension's name.

    >>> dimensions_in_tags({"orrery/partition/day": "2013-01-01", "owner": "me"})
    {'day': '2013-01-01'}
    """
    prefix = MULTIDIMENSIONAL_PARTITION_PREFIX
    return {name.removeprefix(prefix): value for name, value in tags.items() if name.startswith(prefix)}


def partition_dimension_tag(dimension: str) -> str:
    """Return the tag that names the partition of one dimension of a run."""
    return f"{MULTIDIMENSIONAL_PARTITION_PREFIX}{dimension}"
