"""
Contexts for calling the function of an op, asset or check directly, in a test.

Made by ``build_op_context`` and its kin. Such a context knows what it was given; while a function is
called with it, it is *bound*, and knows that function's op and assets too. What only a run knows (the
job, the node, the run itself) raises :class:`InvalidPropertyError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn, Self

from orrery.base.errors import (
    InvalidInvocationError,
    InvalidPropertyError,
    InvariantViolationError,
)
from orrery.base.keys import AssetKey
from orrery.base.tags import canonical_tag
from orrery.definitions.graphs.op import OpDefinition
from orrery.model.events.build import StepRef
from orrery.plan.sources import FromNothing
from orrery.plan.step import ExecutionStep, StepInput, StepOutput
from orrery.runtime.contexts.asset import AssetCheckExecutionContext, AssetExecutionContext
from orrery.runtime.contexts.direct_given import DirectGiven, DirectResources, not_set
from orrery.runtime.contexts.direct_partitions import DirectPartitions
from orrery.runtime.contexts.init_resource import ScopedResources
from orrery.runtime.contexts.op import OpExecutionContext
from orrery.runtime.contexts.step import StepExecutionContext

__all__ = [
    "DirectAssetCheckExecutionContext",
    "DirectAssetExecutionContext",
    "DirectOpExecutionContext",
    "DirectStep",
    "direct_step",
]

EPHEMERAL_RUN_ID = "EPHEMERAL"


class _NoStep:
    """Stands where the step would be while no function is called: asking it for anything raises."""

    __slots__ = ()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise InvalidPropertyError(
            f"The {name} property is not set on the context while it is used by no call.",
            mend="ask for it inside the function that is called with this context.",
        )


_NO_STEP: Any = _NoStep()


class _DirectRun:
    """Stands where the run would be: its id and tags are pretended, the rest raises."""

    __slots__ = ("run_id", "tags")

    def __init__(self, tags: Mapping[str, str]) -> None:
        self.run_id = EPHEMERAL_RUN_ID
        self.tags = tags

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise not_set(name)


class _DirectPlan:
    """Stands where the context of the run would be."""

    __slots__ = ("_given", "_opened", "log_manager", "output_metadata", "run", "trace", "values")

    def __init__(self, given: DirectGiven, opened: DirectResources | None) -> None:
        self._given = given
        self._opened = opened
        self.log_manager = given.log
        self.run = _DirectRun(given.tags)
        self.trace = None
        self.values = None
        self.output_metadata: dict[Any, Any] = {}

    @property
    def instance(self) -> Any:
        return self._given.instance

    @property
    def opened(self) -> DirectResources:
        return self._opened if self._opened is not None else self._given.opened

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise not_set(name)


class DirectStep(StepExecutionContext):
    """
    What a direct context is a view of: the step of a call that no run makes.

    Attributes:
        given: What the context was built with.
        config: Config of the op: resolved while a function is called, else as given.
    """

    __slots__ = ("config", "given")

    def __init__(
        self,
        given: DirectGiven,
        step: ExecutionStep | None = None,
        *,
        opened: DirectResources | None = None,
        config: Any = None,
    ) -> None:
        super().__init__(_DirectPlan(given, opened), _NO_STEP if step is None else step)
        self.given = given
        self.config = given.config if step is None else config
        self.partitions = DirectPartitions(self.plan_context, self.step, given, is_bound=self.is_bound)

    @property
    def is_bound(self) -> bool:
        """Tell whether a function is being called."""
        return self.step is not _NO_STEP

    def unbind(self) -> None:
        """Forget the function; what it said of its outputs stays."""
        self.step = _NO_STEP
        self.config = self.given.config
        self._resources = None
        self.plan_context = _DirectPlan(self.given, None)
        self.partitions = DirectPartitions(self.plan_context, self.step, self.given, is_bound=False)

    def _check_bound(self, name: str) -> None:
        if not self.is_bound:
            raise not_set(name)

    # -- the run -------------------------------------------------------------------------------

    @property
    def run(self) -> Any:
        """Refuse: there is no run."""
        raise not_set("run")

    @property
    def dagster_run(self) -> Any:
        """Refuse: there is no run."""
        raise not_set("dagster_run")

    @property
    def run_config(self) -> Mapping[str, Any]:
        """Return the run config that would give the call what it has."""
        self._check_bound("run_config")
        found: dict[str, Any] = {"resources": self.given.resources_config}
        if self.config:
            found["ops"] = {self.step.op.name: {"config": self.config}}
        return found

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Return the given tags."""
        return self.given.tags

    def has_tag(self, key: str) -> bool:
        """Tell whether the tag was given."""
        return key in self.given.tags or canonical_tag(key) in self.given.tags

    def get_tag(self, key: str) -> str | None:
        """Return the value of the tag, or None."""
        found = self.given.tags.get(key)
        return found if found is not None else self.given.tags.get(canonical_tag(key))

    @property
    def job(self) -> Any:
        """Refuse: there is no job."""
        raise not_set("job_def")

    @property
    def job_def(self) -> Any:
        """Refuse: there is no job."""
        raise not_set("job_def")

    @property
    def job_name(self) -> str:
        """Refuse: there is no job."""
        raise not_set("job_name")

    @property
    def repository_def(self) -> Any:
        """Refuse: there is no repository."""
        raise not_set("repository_def")

    @property
    def resolved_run_config(self) -> Any:
        """Refuse: there is no run config."""
        raise not_set("resolved_run_config")

    # -- the step ------------------------------------------------------------------------------

    @property
    def ref(self) -> StepRef:
        """Return what events of the call would begin with."""
        return StepRef(EPHEMERAL_RUN_ID, self.step.key, self.step.key)

    @property
    def op(self) -> Any:
        """Refuse: the op stands in no job."""
        raise not_set("op")

    @property
    def node_handle(self) -> Any:
        """Refuse: the op stands in no job."""
        raise not_set("node_handle")

    @property
    def op_config(self) -> Any:
        """Return the config of the op."""
        return self.config

    @property
    def step_launcher(self) -> None:
        """Refuse: no executor is at work."""
        raise not_set("step_launcher")

    @property
    def log(self) -> Any:
        """Return where to log."""
        return self.given.log

    @property
    def resources(self) -> ScopedResources:
        """Return the resources that were given, as attributes."""
        if self._resources is None:
            opened = self.plan_context.opened
            self._resources = opened.scoped(opened.mapping)
        return self._resources

    @property
    def assets_def(self) -> Any:
        """Return the definition whose function is called, or None."""
        self._check_bound("assets_def")
        return self.step.assets_def

    # -- outputs -------------------------------------------------------------------------------

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to an output that is still to come; it is kept as it was given."""
        self._check_bound("add_output_metadata")
        super().add_output_metadata(metadata, output_name, mapping_key)


def direct_step(op: OpDefinition, assets_def: Any = None, mapping_key: str | None = None) -> ExecutionStep:
    """Return the step that a call of *op* pretends to be."""
    keys = assets_def.node_keys_by_input_name if assets_def is not None else {}
    inputs = {name: StepInput(name, FromNothing(), each, keys.get(name)) for name, each in op.input_dict.items()}
    outputs = {}
    if assets_def is None:
        outputs = {name: StepOutput(name, each) for name, each in op.output_dict.items()}
    else:
        by_output = assets_def.node_keys_by_output_name
        checks = assets_def.node_check_specs_by_output_name
        selected, selected_checks = assets_def.keys, assets_def.check_keys
        for name, each in op.output_dict.items():
            key, check = by_output.get(name), checks.get(name)
            chosen = (key is None or key in selected) if check is None else check.key in selected_checks
            outputs[name] = StepOutput(name, each, key, check, chosen)
    step = ExecutionStep(op.name, None, op, inputs, outputs, op.tags, assets_def, op.retry_policy, is_whole_asset=True)
    if mapping_key is not None:
        step.mapping_keys = (mapping_key,)
    return step


class _Direct:
    """What the direct contexts have in common, beside what they are views of."""

    _given: DirectGiven
    _step: DirectStep

    @property
    def is_bound(self) -> bool:
        """Tell whether a function is being called with this context."""
        return self._step.is_bound

    def begin(
        self, op: OpDefinition, assets_def: Any, *, opened: DirectResources | None = None, config: Any = None
    ) -> DirectStep:
        """
        Bind the context to a call.

        Raises:
            InvalidInvocationError: Another call uses it.
        """
        if self._step.is_bound:
            name = self._step.step.name
            raise InvalidInvocationError(
                f"This context is currently being used to execute {name}. The context cannot be used to execute "
                f"another op until {name} has finished executing.",
                mend="build a context of its own for each call.",
            )
        step = direct_step(op, assets_def, self._given.mapping_key)
        self._step = DirectStep(self._given, step, opened=opened, config=config)
        return self._step

    def unbind(self) -> None:
        """Release the context from a call, so that another may use it; what was said of outputs stays."""
        self._step.unbind()

    @property
    def alias(self) -> str:
        """Return the name of the op that is called."""
        self._step._check_bound("alias")
        return self._step.step.name

    @property
    def resource_keys(self) -> Iterable[str]:
        """Return the keys of the given resources."""
        return list(self._given.keys)

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Return the given tags."""
        return self._given.tags

    def get_events(self) -> Sequence[Any]:
        """Return the events that the last call logged."""
        return list(self._step.events or ())

    def get_step_execution_context(self) -> Any:
        """Refuse: there is no step."""
        raise not_set("get_step_execution_context", "method")

    def get_mapping_key(self) -> str | None:
        """Return the given mapping key, or None."""
        return self._given.mapping_key

    def get_asset_metadata(self, asset_key: AssetKey, partition_key: str | None = None) -> Mapping[str, Any] | None:
        """Return the metadata that the last call added to an asset, or None."""
        return self._step.get_asset_metadata(asset_key, partition_key)

    def __enter__(self) -> Self:
        self._given.is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given.close()

    def __del__(self) -> None:
        given = getattr(self, "_given", None)
        if given is not None and getattr(self, "_is_owner", False):
            given.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._step.step.name if self._step.is_bound else ''})"


class DirectOpExecutionContext(_Direct, OpExecutionContext):
    """The context of an op for a direct call; made by :func:`build_op_context`."""

    __slots__ = ("_given", "_is_owner")

    def __init__(self, given: DirectGiven) -> None:
        super().__init__(DirectStep(given))
        self._given = given
        self._is_owner = True


class DirectAssetExecutionContext(_Direct, AssetExecutionContext):
    """The context of an asset for a direct call; made by :func:`build_asset_context`."""

    __slots__ = ("_given", "_is_owner")

    def __init__(self, given: DirectGiven) -> None:
        super().__init__(DirectStep(given))
        self._given = given
        self._is_owner = True

    def begin(
        self, op: OpDefinition, assets_def: Any, *, opened: DirectResources | None = None, config: Any = None
    ) -> DirectStep:
        """
        Bind the context to a call.

        Raises:
            InvalidInvocationError: Another call uses it.
            InvariantViolationError: The function is that of an op.
        """
        if assets_def is None:
            raise InvariantViolationError(
                f"{type(self).__name__} can only be used to invoke an asset, not op '{op.name}'.",
                mend="write build_op_context().",
            )
        return super().begin(op, assets_def, opened=opened, config=config)

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """Return the same as the context of an op."""
        made = DirectOpExecutionContext(self._given)
        made._is_owner = False
        made._step = self._step
        return made


class DirectAssetCheckExecutionContext(DirectAssetExecutionContext, AssetCheckExecutionContext):
    """The context of a check for a direct call; made by :func:`build_asset_check_context`."""

    __slots__ = ()
