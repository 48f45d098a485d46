"""
What a program records, in a form that two implementations can be compared by.

A program of ``programs/`` is handed a :class:`Record`. What differs between any two runs (ids, times, process numbers,
paths of temporary folders) is replaced, and the product's prefix is dropped from class names, so that what is left is
behaviour: kinds of events in order, values, metadata, classes of errors, fragments of messages.

Runs under Orrery's interpreter and under the oracle's: standard library and public names only.
"""

import builtins
import enum
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import dagster as dg

#: Kinds of events that tell of the machinery of one implementation, not of the program.
MACHINERY = frozenset({"ENGINE_EVENT", "LOGS_CAPTURED", "STEP_WORKER_STARTING", "STEP_WORKER_STARTED"})

#: The private class that an error is wrapped in where a policy asks for a retry.
RETRY_WRAPPER = "RetryRequestedFromPolicy"

#: What is recorded where a step gave an output without a value.
NO_VALUE = "<no value>"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIGEST = re.compile(r"\b[0-9a-f]{32,64}\b")
_TEMPORARY = re.compile(re.escape(tempfile.gettempdir()) + r"/(?:tmp|orrery|dagster)[^/\s'\"]*")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_PREFIX = re.compile(r"^(?:PythonObject)?(?:Dagster|Orrery)(?=[A-Z])")


def class_name(tp: type) -> str:
    """Return the name of *tp* without the product's prefix."""
    return plain_name(tp.__name__)


def plain_name(name: str) -> str:
    """Return *name* without the product's prefix."""
    return _PREFIX.sub(lambda match: "PythonObject" if match[0].startswith("PythonObject") else "", name)


def plain_text(text: str) -> str:
    """Return *text* with ids, digests, addresses and temporary folders replaced."""
    text = _UUID.sub("<id>", text)
    text = _DIGEST.sub("<digest>", text)
    text = _TEMPORARY.sub("<tmp>", text)
    return _ADDRESS.sub("", text)


def plain(value: object, depth: int = 0) -> Any:
    """Return *value* as JSON data that is the same on both sides if the behaviour is the same."""
    if depth > 12:
        return "<deep>"
    if value is None or (isinstance(value, bool | int) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, float):
        return value if value != value or value in (float("inf"), float("-inf")) else round(value, 9)
    if isinstance(value, enum.Enum):
        return f"{class_name(type(value))}.{value.name}"
    if isinstance(value, str):
        return plain_text(str(value))
    if isinstance(value, bytes):
        return f"<bytes {value!r}>"
    if isinstance(value, type):
        if value.__name__ == "NoValueSentinel":  # what stands for the value of a result without one
            return NO_VALUE
        return f"<class {class_name(value)}>"
    if isinstance(value, PurePath):
        return f"<path {plain_text(str(value))}>"
    if isinstance(value, dg.AssetKey):
        return f"<asset {value.to_user_string()}>"
    if isinstance(value, dg.AssetCheckKey):
        return f"<check {value.asset_key.to_user_string()}:{value.name}>"
    if isinstance(value, dg.MetadataValue):
        return metadata_value(value)
    if isinstance(value, dg.TableSchema):
        return {
            "columns": [plain(column, depth + 1) for column in value.columns],
            "constraints": plain(list(value.constraints.other), depth + 1),
        }
    if isinstance(value, dg.TableColumn):
        limits = value.constraints
        return {
            "name": value.name,
            "type": value.type,
            "description": value.description,
            "nullable": limits.nullable,
            "unique": limits.unique,
            "other": list(limits.other or []),
            "tags": dict(value.tags or {}),
        }
    if isinstance(value, dg.TableColumnLineage):
        return plain({k: list(v) for k, v in value.deps_by_column.items()}, depth + 1)
    if isinstance(value, dg.TableColumnDep):
        return [plain(value.asset_key), value.column_name]
    if isinstance(value, dg.TableRecord):
        return plain(dict(value.data), depth + 1)
    if isinstance(value, BaseException):
        return f"<error {class_name(type(value))}: {plain_text(str(value))}>"
    if isinstance(value, Mapping):
        return {_key(k): plain(v, depth + 1) for k, v in value.items()}
    if isinstance(value, Set):
        return {"<set>": sorted((plain(item, depth + 1) for item in value), key=repr)}
    if isinstance(value, tuple):
        return {"<tuple>": [plain(item, depth + 1) for item in value]}
    if isinstance(value, Sequence):
        return [plain(item, depth + 1) for item in value]
    return f"<{class_name(type(value))}>"


def _key(key: object) -> str:
    return plain_text(key) if isinstance(key, str) else str(plain(key))


def metadata_value(value: Any) -> Any:
    """Return the kind and the content of one metadata value."""
    kind = plain_name(type(value).__name__).removesuffix("MetadataValue")
    if kind == "Table":
        return [kind, plain(list(value.records)), plain(value.schema)]
    if kind == "Null":
        return [kind]
    return [kind, plain(value.value)]


def metadata(entries: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return metadata with its keys in order.

    What the product adds of its own accord is left out, as is where below a temporary folder a value lies.
    """
    return {
        key: metadata_value(value) if isinstance(value, dg.MetadataValue) else ["raw", plain(value)]
        for key, value in sorted((entries or {}).items())
        if not (_is_of_the_product(key) or (key == "path" and _is_temporary(value)))
    }


def _is_of_the_product(key: str) -> bool:
    prefix, _, name = key.partition("/")
    return prefix in ("dagster", "orrery") and name not in (
        "row_count",
        "column_schema",
        "column_lineage",
        "table_name",
    )


def _is_temporary(value: Any) -> bool:
    return plain_text(str(getattr(value, "value", ""))).startswith("<tmp>")


def user_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags that the user gave, in order of their names."""
    return {
        key: plain_text(str(value))
        for key, value in sorted((tags or {}).items())
        if not key.startswith(("dagster/", "orrery/", ".dagster/", ".orrery/"))
    }


def system_tag(tags: Mapping[str, str], name: str) -> str | None:
    """Return the tag *name* that the product sets, under whichever prefix."""
    return tags.get(f"dagster/{name}", tags.get(f"orrery/{name}"))


def error_chain(error: Any) -> list[str]:
    """Return the classes from a recorded error down to its cause; the message where the cause is a builtin error."""
    chain: list[str] = []
    message = ""
    while error is not None and len(chain) < 10:
        chain.append(plain_name(error.cls_name or ""))
        message = error.message or ""
        error = error.cause
    if chain[:1] == [RETRY_WRAPPER]:  # as it is wrapped without a retry
        chain[:1] = [] if chain[1:] == ["Failure"] else ["ExecutionStepExecutionError"]
    if chain and isinstance(getattr(builtins, chain[-1], None), type):
        chain[-1] = plain_text(message.strip()).partition(": [Errno")[0]  # the paths are each side's own
    return chain


class Record:
    """
    Collects the facts of one program.

    A fact has a name (``run/steps/a``) and a JSON value. Recording one name twice is an error of the program.
    """

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def _put(self, name: str, value: Any) -> None:
        if name in self.facts:
            raise ValueError(f"the program records {name!r} twice")
        self.facts[name] = value

    def value(self, name: str, value: object) -> None:
        """Record *value* under *name*."""
        self._put(name, plain(value))

    def text(self, name: str, text: str, *, contains: Iterable[str]) -> None:
        """Record which of the fragments occur in *text*; the text itself may differ."""
        for fragment in contains:
            self._put(f"{name}/says {fragment!r}", fragment in text)

    def error(self, name: str, error: BaseException, *, contains: Iterable[str] = ()) -> None:
        """Record the class of *error*, and which of the fragments its message holds."""
        self._put(f"{name}/class", class_name(type(error)))
        self._put(f"{name}/is of the product's tree", isinstance(error, dg.DagsterError))
        self.text(name, str(error), contains=contains)

    @contextmanager
    def raises(self, name: str, *, contains: Iterable[str] = ()) -> Iterator[None]:
        """Record the error that the block raises, or that it raises none."""
        try:
            yield
        except Exception as error:
            self.error(name, error, contains=contains)
        else:
            self._put(f"{name}/class", None)

    def metadata(self, name: str, entries: Mapping[str, Any] | None) -> None:
        """Record metadata: kind and content of each value."""
        self._put(name, metadata(entries))

    @staticmethod
    def user_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
        """Return the tags that the user gave, without those of the product."""
        return user_tags(tags)

    @staticmethod
    def system_tag(tags: Mapping[str, str], name: str) -> str | None:
        """Return the tag *name* that the product sets, under whichever prefix."""
        return system_tag(tags, name)

    def result(self, result: Any, name: str = "run", *, values: bool = True) -> None:
        """Record everything about a result that two runs of one program share."""
        events = list(result.all_events)
        self._put(f"{name}/success", result.success)
        self._put(
            f"{name}/events",
            [e.event_type_value for e in events if _is_of_the_run(e) and e.event_type_value not in MACHINERY],
        )
        order: list[str] = []
        steps: dict[str, list[str]] = {}
        edges: set[tuple[str, str]] = set()
        for event in events:
            if _is_of_the_run(event) or event.event_type_value in MACHINERY:
                continue
            if event.step_key not in steps:
                order.append(event.step_key)
                steps[event.step_key] = []
            steps[event.step_key].append(self._describe(event))
            if event.event_type_value == "LOADED_INPUT" and event.event_specific_data.upstream_step_key:
                edges.add((event.event_specific_data.upstream_step_key, event.step_key))
            self._details(name, event)
        self._put(f"{name}/order", {"steps": order, "edges": sorted(map(list, edges | _declared_edges(result)))})
        for step, lines in steps.items():
            self._put(f"{name}/steps/{step}", _with_hooks_in_order(lines))
        if values:
            self._values(name, result, events)

    @staticmethod
    def _describe(event: Any) -> str:
        kind, data = event.event_type_value, event.event_specific_data
        if kind == "STEP_OUTPUT":
            handle = data.step_output_handle
            text = f"{kind} {handle.output_name}"
            if handle.mapping_key is not None:
                text += f"[{handle.mapping_key}]"
            check = data.type_check_data
            return text if check is None or check.success else f"{text} (type check failed)"
        if kind == "STEP_INPUT":
            check = data.type_check_data
            text = f"{kind} {data.input_name}"
            return text if check is None or check.success else f"{text} (type check failed)"
        if kind == "LOADED_INPUT":
            return f"{kind} {data.input_name} by {data.manager_key}"
        if kind == "HANDLED_OUTPUT":
            return f"{kind} {data.output_name} by {data.manager_key}"
        if kind in ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION"):
            partition = f" [{event.partition}]" if event.partition is not None else ""
            return f"{kind} {event.asset_key.to_user_string()}{partition}"
        if kind == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            return f"{kind} {check.asset_key.to_user_string()}:{check.check_name}"
        return str(kind)

    def _details(self, name: str, event: Any) -> None:
        kind, data = event.event_type_value, event.event_specific_data
        if kind == "ASSET_MATERIALIZATION":
            found = event.materialization
        elif kind == "ASSET_OBSERVATION":
            found = event.asset_observation_data.asset_observation
        else:
            found = None
        if found is not None:
            label = "materialized" if kind == "ASSET_MATERIALIZATION" else "observed"
            place = f"{name}/{label}/{found.asset_key.to_user_string()}"
            if found.partition is not None:
                place += f"[{found.partition}]"
            facts = {
                "metadata": metadata(found.metadata),
                "tags": user_tags(found.tags),
                "description": found.description,
            }
            self.facts.setdefault(place, []).append(facts)
        elif kind == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            self.facts.setdefault(f"{name}/checks/{check.asset_key.to_user_string()}:{check.check_name}", []).append(
                {
                    "passed": check.passed,
                    "severity": check.severity.name,
                    "metadata": metadata(check.metadata),
                    "description": check.description,
                }
            )
        elif kind == "STEP_FAILURE":
            facts = {"error": error_chain(data.error)}
            failure = data.user_failure_data
            if failure is not None:
                facts["failure"] = {"description": failure.description, "metadata": metadata(failure.metadata)}
            self.facts.setdefault(f"{name}/failures/{event.step_key}", []).append(facts)
        elif kind == "STEP_UP_FOR_RETRY":
            self.facts.setdefault(f"{name}/retries/{event.step_key}", []).append(
                {"error": error_chain(data.error), "wait": plain(float(data.seconds_to_wait or 0))}
            )
        elif kind == "STEP_EXPECTATION_RESULT":
            found = data.expectation_result
            self.facts.setdefault(f"{name}/expectations/{event.step_key}", []).append(
                [found.success, found.label, found.description, metadata(found.metadata)]
            )
        elif kind in ("HANDLED_OUTPUT", "LOADED_INPUT") and data.metadata:
            place = data.output_name if kind == "HANDLED_OUTPUT" else data.input_name
            facts = metadata(data.metadata)
            if facts:
                self.facts.setdefault(f"{name}/{kind.lower()}/{event.step_key}.{place}", []).append(facts)

    def _values(self, name: str, result: Any, events: list[Any]) -> None:
        for event in events:
            if event.event_type_value != "STEP_OUTPUT":
                continue
            handle = event.event_specific_data.step_output_handle
            node = re.sub(r"\[[^\]]*\]", "", handle.step_key)
            place = f"{name}/values/{node}.{handle.output_name}"
            if place in self.facts:
                continue
            try:
                self.facts[place] = plain(result.output_for_node(node, handle.output_name))
            except Exception:
                self.facts[place] = NO_VALUE


def _with_hooks_in_order(lines: list[str]) -> list[str]:
    """Put neighbouring events of hooks in one order: hooks are given as a set, which has none."""
    groups = itertools.groupby(lines, key=lambda line: line.startswith("HOOK_"))
    return [line for is_hook, group in groups for line in (sorted(group) if is_hook else list(group))]


def _is_of_the_run(event: Any) -> bool:
    """Whether an event is told of the run as a whole; resources are, whatever step they are set up in."""
    return event.step_key is None or event.event_type_value.startswith("RESOURCE_INIT")


def _declared_edges(result: Any) -> set[tuple[str, str]]:
    """Edges between the nodes of a job, as it declares them; used where values do not travel (``deps=``)."""
    edges: set[tuple[str, str]] = set()
    try:
        dependencies = result.job_def.dependencies
    except Exception:
        return edges
    for invocation, inputs in dependencies.items():
        node = getattr(invocation, "alias", None) or invocation.name
        for source in inputs.values():
            for one in getattr(source, "dependencies", None) or [source]:
                edges.add((getattr(one, "node", node), node))
    return edges
