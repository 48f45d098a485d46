"""Steps: what a run executes, one function call each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import msgspec

from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.definitions.graphs.node import NodeHandle
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import InputDefinition, OutputDefinition
from orrery.definitions.parts.policies import RetryPolicy, RunWhen
from orrery.definitions.parts.types import OrreryType
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.plan.sources import InputSource

__all__ = ["Dimension", "ExecutionStep", "StepInput", "StepOutput", "Wiring"]


class StepInput(msgspec.Struct, gc=False):
    """
    An input of a step.

    Attributes:
        name: Name of the input.
        source: Where its value comes from.
        definition: The input of the op.
        asset_key: The asset that it loads, if any.
    """

    name: str
    source: InputSource
    definition: InputDefinition
    asset_key: AssetKey | None = None

    @property
    def dagster_type(self) -> OrreryType:
        """Return the type that the value must have."""
        return self.definition.dagster_type


class StepOutput(msgspec.Struct, gc=False):
    """
    An output of a step.

    Attributes:
        name: Name of the output.
        definition: The output of the op.
        asset_key: The asset that it is, if any.
        check_spec: The check that it is, if any.
        is_selected: Whether this run wants it; a definition that was cut down may still give it.
    """

    name: str
    definition: OutputDefinition
    asset_key: AssetKey | None = None
    check_spec: AssetCheckSpec | None = None
    is_selected: bool = True

    @property
    def check_key(self) -> AssetCheckKey | None:
        """Return the key of the check that it is, if any."""
        return self.check_spec.key if self.check_spec is not None else None

    @property
    def is_required(self) -> bool:
        """Tell whether the step must give it."""
        return self.definition.is_required

    @property
    def is_dynamic(self) -> bool:
        """Tell whether the step may give any number."""
        return self.definition.is_dynamic

    @property
    def dagster_type(self) -> OrreryType:
        """Return the type that the value must have."""
        return self.definition.dagster_type


Dimension = tuple[str, str]
"""A dynamic output that multiplies steps: the key of its step in the plan, and its name."""


class Wiring(Protocol):
    """Knows where the values of a step come from; asked when somebody looks, as a plan of many steps is made without."""

    def inputs_of(self, step: ExecutionStep) -> dict[str, StepInput]:
        """Return the inputs of a step by name."""
        ...

    def parents_of(self, step: ExecutionStep) -> tuple[str, ...]:
        """Return the keys of the steps that come before it, each once; for that its inputs need not be made."""
        ...


class ExecutionStep:
    """
    One call of an op's function.

    Attributes:
        key: Unique in the plan: the names of nodes from the outermost in, joined by dots; with the
            mapping keys in brackets where a dynamic output multiplied the step.
        op: The op.
        inputs: Inputs by name.
        outputs: Outputs by name.
        assets_def: The definition whose node this is, or is inside of, if any.
        dimensions: The dynamic outputs that multiply the step; none in a step that can run.
        mapping_keys: For a multiplied step, which one this is.
        template_key: The key in the plan, before multiplication.
        run_when: The rule under which it runs, as its parents end.
        after: Steps that come before for another reason than a value (blocking checks).
    """

    __slots__ = (
        "_handle",
        "_hooks",
        "_inputs",
        "after",
        "assets_def",
        "dimensions",
        "is_whole_asset",
        "key",
        "mapping_keys",
        "op",
        "outputs",
        "retry_policy",
        "run_when",
        "tags",
        "template_key",
    )

    def __init__(
        self,
        key: str,
        handle: NodeHandle | None,
        op: OpDefinition,
        inputs: dict[str, StepInput] | Wiring,
        outputs: dict[str, StepOutput],
        tags: Mapping[str, str],
        assets_def: Any = None,
        retry_policy: RetryPolicy | None = None,
        hooks: frozenset[HookDefinition] = frozenset(),
        dimensions: tuple[Dimension, ...] = (),
        run_when: RunWhen = RunWhen.ALL_SUCCEEDED,
        after: tuple[str, ...] = (),
        is_whole_asset: bool = False,
    ) -> None:
        self.key = key
        self._handle = handle
        self.op = op
        self._inputs = inputs
        self.outputs = outputs
        self.tags = tags
        self.assets_def = assets_def
        self.retry_policy = retry_policy
        self._hooks = hooks
        self.dimensions = dimensions
        self.mapping_keys: tuple[str, ...] = ()
        self.template_key = key
        self.run_when = run_when
        self.after = after
        self.is_whole_asset = is_whole_asset

    @property
    def inputs(self) -> dict[str, StepInput]:
        """Return the inputs by name."""
        found = self._inputs
        if not isinstance(found, dict):
            found = found.inputs_of(self)
            self._inputs = found
        return found

    @property
    def input_assets(self) -> Collection[AssetKey]:
        """Return the asset of each input that is one; for a whole asset its inputs need not be made for that."""
        if self.is_whole_asset:
            keys: Mapping[str, AssetKey] = self.assets_def._keys_by_input_name
            return keys.values()
        return [each.asset_key for each in self.inputs.values() if each.asset_key is not None]

    @property
    def handle(self) -> NodeHandle:
        """Return where the node stands in the job."""
        handle = self._handle
        if handle is None:
            handle = NodeHandle(self.template_key)
            self._handle = handle
        return handle

    @property
    def node_handle(self) -> NodeHandle:
        """Return where the node stands in the job."""
        return self.handle

    @property
    def name(self) -> str:
        """Return the name of the node."""
        return self._handle.name if self._handle is not None else self.template_key

    @property
    def op_name(self) -> str:
        """Return the name of the node."""
        return self.name

    @property
    def hooks(self) -> frozenset[HookDefinition]:
        """Return the hooks that are told how the step ended."""
        return self._hooks

    @property
    def step_inputs(self) -> list[StepInput]:
        """Return the inputs in order."""
        return list(self.inputs.values())

    @property
    def step_outputs(self) -> list[StepOutput]:
        """Return the outputs in order."""
        return list(self.outputs.values())

    @property
    def kind(self) -> str:
        """Return ``COMPUTE``, or ``UNRESOLVED_MAPPED`` for a step that is still to be multiplied."""
        return "UNRESOLVED_MAPPED" if self.dimensions and not self.mapping_keys else "COMPUTE"

    @property
    def parent_keys(self) -> tuple[str, ...]:
        """Return the keys of the steps that come before, each once."""
        wiring = self._inputs
        if not isinstance(wiring, dict):
            return wiring.parents_of(self)
        found: dict[str, None] = {}
        for each in self.inputs.values():
            for key in each.source.step_keys:
                found[key] = None
        for key in self.after:
            found[key] = None
        return tuple(found)

    def has_step_output(self, name: str) -> bool:
        """Tell whether there is an output called *name*."""
        return name in self.outputs

    def step_output_named(self, name: str) -> StepOutput:
        """Return the output called *name*."""
        return self.outputs[name]

    def step_input_named(self, name: str) -> StepInput:
        """Return the input called *name*."""
        return self.inputs[name]

    def resolved(
        self, key: str, mapping_keys: tuple[str, ...], inputs: dict[str, StepInput], after: tuple[str, ...]
    ) -> ExecutionStep:
        """Return one of the steps that this step is multiplied into."""
        made = ExecutionStep(
            key,
            self._handle or NodeHandle(self.key),
            self.op,
            inputs,
            self.outputs,
            self.tags,
            self.assets_def,
            self.retry_policy,
            self._hooks,
            self.dimensions,
            self.run_when,
            after,
            self.is_whole_asset,
        )
        made.mapping_keys = mapping_keys
        made.template_key = self.key
        return made

    def with_inputs(self, inputs: dict[str, StepInput]) -> ExecutionStep:
        """Return this step with other inputs."""
        made = self.resolved(self.key, self.mapping_keys, inputs, self.after)
        made.template_key = self.template_key
        return made

    def __repr__(self) -> str:
        return f"ExecutionStep({self.key!r})"
