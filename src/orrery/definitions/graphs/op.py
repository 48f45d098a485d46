"""Ops: functions with named inputs and outputs, config and resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.bulk import definition_made
from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, nearest_hint
from orrery.definitions.graphs.calls import current_composition
from orrery.definitions.graphs.node import NodeDefinition, NodeHandle
from orrery.definitions.parts.as_function import ShowsFunction
from orrery.definitions.parts.inputs_outputs import In, InputDefinition, Out, OutputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.orrery_type import ANY, BUILTIN_TYPES
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.signature import EMPTY, ComputeFunction
from orrery.definitions.verbs import verbs
from orrery.model.config.schema import Field, resolve_field

__all__ = ["OpDefinition", "type_returned", "type_returned_at"]

_NO_KEYS: frozenset[str] = frozenset()


def _check_arguments(name: str, description: Any, resource_keys: Any, retry_policy: Any, pool: Any) -> None:
    """Refuse arguments of a wrong type where they are written."""
    wrong: tuple[str, Any, str] | None = None
    if description is not None and not isinstance(description, str):
        wrong = "description", description, "text"
    elif resource_keys and (isinstance(resource_keys, str) or not all(isinstance(key, str) for key in resource_keys)):
        wrong = "required_resource_keys", resource_keys, 'a set of text, as {"database"}'
    elif retry_policy is not None and not isinstance(retry_policy, RetryPolicy):
        wrong = "retry_policy", retry_policy, "a RetryPolicy, as RetryPolicy(max_retries=3)"
    elif pool is not None and not (isinstance(pool, str) and pool and not any(map(str.isspace, pool))):
        wrong = "pool", pool, "text without spaces"
    if wrong is not None:
        argument, value, expected = wrong
        raise InvalidDefinitionError(
            f"'{argument}' of '{name}' is {value!r} ({type(value).__name__}).", mend=f"give {expected}."
        )


class OpDefinition(ShowsFunction, NodeDefinition):
    """
    A function with named inputs and outputs, config and resources.

    Made by :func:`op` as a rule. Call it inside a ``@graph`` or ``@job`` to use it there, or
    elsewhere to call its function directly.

    Args:
        compute_fn: ``(context, inputs) -> iterator of outputs``, or a decorated function.
        name: Name; becomes part of step keys.
        ins: Inputs by name.
        outs: Outputs by name; one called ``result`` if not given.
        description: Text for people.
        config_schema: What the op's config must look like.
        required_resource_keys: Resources that the function uses.
        tags: Tags by name.
        version: Older name of *code_version*.
        retry_policy: When and how often a failure is tried again.
        code_version: Version of the code.
        pool: Name of the pool whose slots limit how many run at once.
        input_dict: The inputs, where they are made already.
        output_dict: The outputs, where they are made already.
        inputs_as_written: Inputs are the parameters of the function and no more is said of them; they are made
            when somebody looks.
    """

    __slots__ = (
        "_compute_fn",
        "_config_field",
        "_config_schema",
        "_pool",
        "_required_resource_keys",
        "_retry_policy",
        "_version",
        "assets_def",
    )

    node_type_str = "op"

    def __init__(
        self,
        compute_fn: Callable[..., Any] | ComputeFunction,
        name: str,
        ins: Mapping[str, In] | None = None,
        outs: Mapping[str, Out] | None = None,
        description: str | None = None,
        config_schema: Any = None,
        required_resource_keys: AbstractSet[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        code_version: str | None = None,
        pool: str | None = None,
        *,
        input_dict: dict[str, InputDefinition] | None = None,
        output_dict: dict[str, OutputDefinition] | None = None,
        inputs_as_written: bool = False,
    ) -> None:
        if input_dict is None and not inputs_as_written:
            input_dict = {
                check_name(key, noun="an input"): value.to_definition(key) for key, value in (ins or {}).items()
            }
        if output_dict is None:
            output_dict = {
                check_name(key, noun="an output"): value.to_definition(EMPTY, key, None, code_version or version)
                for key, value in (outs if outs is not None else {"result": Out()}).items()
            }
        if description is not None or required_resource_keys or retry_policy is not None or pool is not None:
            _check_arguments(name, description, required_resource_keys, retry_policy, pool)
        super().__init__(name, input_dict, output_dict, description, tags)
        self._compute_fn = compute_fn
        self._config_schema = config_schema if config_schema is None else resolve_field(config_schema)
        self._config_field: Field | None = None
        self._required_resource_keys: frozenset[str] = (
            frozenset(required_resource_keys) if required_resource_keys else _NO_KEYS
        )
        self._retry_policy = retry_policy
        self._version = code_version if code_version is not None else version
        self._pool = pool
        definition_made()

    def _inputs_as_written(self) -> dict[str, InputDefinition]:
        fn = self._compute_fn
        assert isinstance(fn, ComputeFunction)
        return {
            name: InputDefinition(name, annotation=annotation, fn=fn.fn)
            for name, annotation in sorted((each.name, each.annotation) for each in fn.input_params)
        }

    def _function_shown(self) -> Callable[..., Any] | None:
        return self._compute_fn.fn if isinstance(self._compute_fn, ComputeFunction) else None

    @property
    def compute_fn(self) -> Callable[..., Any] | ComputeFunction:
        """Return the function, with the roles of its parameters where it was decorated."""
        return self._compute_fn

    @property
    def has_annotations(self) -> bool:
        """Tell whether the function says a type of anything."""
        fn = self._compute_fn
        return not isinstance(fn, ComputeFunction) or fn.is_annotated

    @property
    def is_from_decorator(self) -> bool:
        """Tell whether the op was made by a decorator."""
        return isinstance(self._compute_fn, ComputeFunction)

    @property
    def ins(self) -> Mapping[str, In]:
        """Return the inputs as a user would write them."""
        return {name: In.from_definition(each) for name, each in self._input_dict.items()}

    @property
    def outs(self) -> Mapping[str, Out]:
        """Return the outputs as a user would write them."""
        return {name: Out.from_definition(each) for name, each in self._output_dict.items()}

    @property
    def has_config(self) -> bool:
        """Tell whether the op takes config, without building its schema."""
        fn = self._compute_fn
        return self._config_schema is not None or (isinstance(fn, ComputeFunction) and fn.config_name is not None)

    @property
    def config_field(self) -> Field:
        """Return what the op's config must look like."""
        field = self._config_field
        if field is None:
            field = self._build_config_field()
            self._config_field = field
        return field

    def _build_config_field(self) -> Field:
        fn = self._compute_fn
        if isinstance(fn, ComputeFunction) and fn.config_name is not None:
            if self._config_schema is not None:
                raise InvalidDefinitionError(
                    f"Op '{self.name}' has both a parameter 'config' and a config_schema.",
                    mend="keep the parameter and drop config_schema.",
                )
            annotation = fn.config_annotation
            if annotation is EMPTY or isinstance(annotation, str):
                raise InvalidDefinitionError(
                    f"The parameter 'config' of '{self.name}' has no annotation that can be read.",
                    mend="annotate it with a class that derives from Config.",
                )
            if fn.has_config_class:
                from orrery.model.config.pythonic import config_class_to_field

                return config_class_to_field(annotation)
            return resolve_field(annotation)
        return resolve_field(self._config_schema)

    @property
    def has_config_field(self) -> bool:
        """Tell whether the op has a config schema: always, maybe one that takes anything."""
        return True

    @property
    def config_schema(self) -> Any:
        """Return the schema of the op's config."""
        return self.config_field

    def get_config_field(self) -> Field:
        """Return what the op's config must look like."""
        return self.config_field

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the resources that the function uses."""
        fn = self._compute_fn
        if isinstance(fn, ComputeFunction) and fn.resource_params:
            return self._required_resource_keys.union(fn.resource_params)
        return self._required_resource_keys

    @property
    def retry_policy(self) -> RetryPolicy | None:
        """Return the retry policy, if any."""
        return self._retry_policy

    @property
    def version(self) -> str | None:
        """Return the version of the code, if any."""
        return self._version

    @property
    def code_version(self) -> str | None:
        """Return the version of the code, if any."""
        return self._version

    @property
    def pool(self) -> str | None:
        """Return the pool whose slots limit how many run at once, if any."""
        return self._pool

    @property
    def pools(self) -> frozenset[str]:
        """Return the pools of the op."""
        return frozenset((self._pool,)) if self._pool else _NO_KEYS

    def get_output_annotation(self) -> Any:
        """Return what the function is annotated to return, or ``inspect.Parameter.empty``."""
        fn = self._compute_fn
        return fn.return_annotation if isinstance(fn, ComputeFunction) else EMPTY

    def get_resource_requirements(self, handle: Any = None, asset_layer: Any = None) -> Sequence[str]:
        """Return the keys of all resources that the op needs, its IO managers among them."""
        keys = set(self.required_resource_keys)
        for output in self._output_dict.values():
            keys.add(output.io_manager_key)
            if _may_need_resources(output):
                keys.update(output.dagster_type.get_resource_requirements())
        if self._inputs is None and not self.has_annotations:
            return sorted(keys) if len(keys) > 1 else list(keys)
        for each in self._input_dict.values():
            if each.input_manager_key:
                keys.add(each.input_manager_key)
            if _may_need_resources(each):
                keys.update(each.dagster_type.get_resource_requirements())
        return sorted(keys) if len(keys) > 1 else list(keys)

    def iterate_op_defs(self) -> Iterator[OpDefinition]:
        """Iterate the op itself."""
        yield self

    def get_op_handles(self, parent: NodeHandle) -> AbstractSet[NodeHandle]:
        """Return the handles of the ops at and below *parent*: itself."""
        return {parent}

    def get_op_output_handles(self, parent: NodeHandle | None) -> AbstractSet[tuple[NodeHandle | None, str]]:
        """Return (handle, output name) of each output."""
        return {(parent, name) for name in self._output_dict}

    def get_inputs_must_be_resolved_top_level(self, asset_layer: Any, handle: Any = None) -> Sequence[InputDefinition]:
        """Return the inputs that config must give where nothing is connected."""
        return [each for each in self._input_dict.values() if not each.has_default_value]

    def resolve_output_to_origin(self, output_name: str, handle: Any) -> tuple[OutputDefinition, Any]:
        """Return the output with its handle: an op is where its outputs come from."""
        return self._output_dict[output_name], handle

    def resolve_output_to_origin_op_def(self, output_name: str) -> OpDefinition:
        """Return the op that gives the output: this one."""
        return self

    def resolve_input_to_destinations(self, input_handle: Any) -> Sequence[Any]:
        """Return the inputs of ops that the input feeds: itself."""
        return [input_handle]

    def resolve_output_to_destinations(self, output_name: str, handle: Any) -> Sequence[Any]:
        """Return the inputs inside that the output feeds: none."""
        return []

    def copy_for_configured(  # type: ignore[override]  # a node is configured under a new name
        self, name: str, description: str | None, config_schema: Any
    ) -> OpDefinition:
        """Return the op under *name* with another config schema."""
        return self.with_replaced_properties(
            name, config_schema=config_schema, description=description or self.description
        )

    def with_replaced_properties(
        self,
        name: str,
        ins: Mapping[str, In] | None = None,
        outs: Mapping[str, Out] | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """Return a copy under *name* in which what is given replaces what was."""
        copied = OpDefinition(
            self._compute_fn,
            name,
            description=description or self.description,
            config_schema=config_schema if config_schema is not None else self._config_schema,
            required_resource_keys=self._required_resource_keys,
            tags=self._tags,
            retry_policy=self._retry_policy,
            code_version=self._version,
            pool=self._pool,
            input_dict=self._input_dict if ins is None else {key: each.to_definition(key) for key, each in ins.items()},
            output_dict=self._output_dict
            if outs is None
            else {key: each.to_definition(EMPTY, key) for key, each in outs.items()},
        )
        if config_schema is None:
            copied._config_field = self._config_field
        elif isinstance(config_schema, Field):
            copied._config_field = config_schema
        return copied

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Use the op in the graph that is being composed, or call its function directly outside of one."""
        composition = current_composition()
        if composition is not None:
            return composition.add(self, None, None, (), None, args, kwargs)
        if not isinstance(self._compute_fn, ComputeFunction):
            raise InvalidInvocationError(
                f"Attempted to invoke op '{self.name}' that was not constructed using the `@op` decorator.",
                mend="decorate its function with @op.",
            )
        return verbs().invoke_op(self, args, kwargs)


def _may_need_resources(put: InputDefinition | OutputDefinition) -> bool:
    """Tell whether the type of an input or output may need resources; those that are built in need none."""
    if put._type is not None:
        return put._type is not ANY
    annotation = put._annotation
    return annotation is not EMPTY and not (type(annotation) is type and annotation in BUILTIN_TYPES)


def input_definitions(
    fn: ComputeFunction, ins: Mapping[str, In] | None, owner: str, *, extra_allowed: bool = False
) -> dict[str, InputDefinition]:
    """
    Return the inputs of a decorated function: its parameters, refined by *ins*.

    An entry of *ins* without a parameter is an order-only input and must be of type ``Nothing``.

    Raises:
        InvalidDefinitionError: An entry without a parameter that is not ``Nothing``; a parameter
            for a ``Nothing`` input.
    """
    given = dict(ins or {})
    found: dict[str, InputDefinition] = {}
    for parameter in fn.input_params:
        name = check_name(parameter.name, noun=f"an input of {owner}")
        declared = given.pop(name, None)
        if declared is None:
            found[name] = InputDefinition(
                name,
                default_value=parameter.default if parameter.default is not EMPTY else In().default_value,
                annotation=parameter.annotation,
                fn=fn.fn,
            )
        else:
            if not isinstance(declared, In):
                raise InvalidDefinitionError(f"ins['{name}'] of {owner} is {declared!r}.", mend="write In(...).")
            definition = declared.to_definition(name, parameter, fn.fn)
            if declared.dagster_type is not In().dagster_type and definition.dagster_type.is_nothing:
                raise InvalidDefinitionError(
                    f"{owner}: input '{name}' is of type Nothing, but the function has a parameter for it. Nothing "
                    "means that no value is passed.",
                    mend=f"remove the parameter '{name}'.",
                )
            found[name] = definition
    for name, declared in given.items():
        definition = declared.to_definition(check_name(name, noun=f"an input of {owner}"))
        if not (definition.dagster_type.is_nothing or fn.takes_kwargs or extra_allowed):
            parameters = [each.name for each in fn.input_params]
            raise InvalidDefinitionError(
                f"{owner}: the function does not have parameter '{name}' that is in ins, and the input is not of type "
                "Nothing.",
                mend=f"add a parameter '{name}', or {nearest_hint(name, parameters, noun='parameter')}"
                if parameters
                else f"add a parameter '{name}'.",
            )
        found[name] = definition
    return found


def annotated_type(annotation: Any) -> Any:
    """Return the annotation of the value itself: ``Output[int]`` and its like say ``int``."""
    origin = getattr(annotation, "__origin__", None)
    if origin is not None and getattr(origin, "__name__", "") in (
        "Output",
        "DynamicOutput",
        "MaterializeResult",
        "ObserveResult",
    ):
        arguments = getattr(annotation, "__args__", ())
        return arguments[0] if arguments else EMPTY
    if origin is list:
        (inner,) = annotation.__args__ or (EMPTY,)
        kind = getattr(inner, "__origin__", inner)
        if getattr(kind, "__name__", "") == "DynamicOutput" and getattr(kind, "__module__", "").startswith("orrery."):
            return annotated_type(inner)
    name = getattr(annotation, "__name__", "")
    if name in _RESULT_NAMES and getattr(annotation, "__module__", "").startswith("orrery."):
        return EMPTY
    return annotation


def type_returned(fn: ComputeFunction) -> Any:
    """Return the annotation of the one value that a function returns; ``EMPTY`` if it tells none."""
    if fn.is_generator:
        return EMPTY
    annotation = fn.return_annotation
    return EMPTY if isinstance(annotation, str) else annotated_type(annotation)


def type_returned_at(fn: ComputeFunction, index: int, count: int) -> Any:
    """Return the annotation of one of the values that a function returns as a tuple; ``EMPTY`` if it tells none."""
    if fn.is_generator:
        return EMPTY
    annotation = fn.return_annotation
    if annotation is EMPTY or isinstance(annotation, str):
        return EMPTY
    if count == 1:
        return annotated_type(annotation)
    arguments = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is tuple and len(arguments) == count:
        return annotated_type(arguments[index])
    return EMPTY


_RESULT_NAMES = frozenset({"Output", "DynamicOutput", "MaterializeResult", "ObserveResult", "AssetCheckResult"})
