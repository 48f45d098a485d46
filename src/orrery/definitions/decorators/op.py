"""``@op``: a function becomes an op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, overload

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.graphs.op import OpDefinition, input_definitions, type_returned, type_returned_at
from orrery.definitions.parts.inputs_outputs import AnnotationThunk, In, Out, OutputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.signature import ComputeFunction, check_resources, check_signature
from orrery.model.config.schema import resolve_field

__all__ = ["op"]


@overload
def op(compute_fn: Callable[..., Any]) -> OpDefinition: ...


@overload
def op(
    compute_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...


def op(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
) -> Any:
    """
    Make an op of the decorated function.

    The first parameter is the context if it is called ``context`` or annotated as one; ``config`` and
    resources are told by their annotations; every other parameter is an input.

    Args:
        compute_fn: The function.
        name: Name of the op; that of the function if not given.
        description: Text for people; the docstring if not given.
        ins: More about inputs, by name; order-only inputs of type ``Nothing``.
        out: The output, or outputs by name; one called ``result`` if not given.
        config_schema: What the op's config must look like, if there is no parameter ``config``.
        required_resource_keys: Resources that the function takes from its context.
        tags: Tags by name.
        version: Older name of *code_version*.
        retry_policy: When and how often a failure is tried again.
        code_version: Version of the code.
        pool: Name of the pool whose slots limit how many run at once.

    Raises:
        InvalidDefinitionError: The signature and the arguments do not fit.
        InvalidConfigDefinitionError: The config schema is none.
    """
    if config_schema is not None:
        config_schema = resolve_field(config_schema)

    def decorate(fn: Callable[..., Any]) -> OpDefinition:
        analysed = ComputeFunction(fn)
        op_name = check_name(name or analysed.name, noun="an op")
        check_signature(analysed, f"op '{op_name}'")
        check_resources(analysed, required_resource_keys, f"op '{op_name}'")
        return OpDefinition(
            analysed,
            op_name,
            description=description if description is not None else analysed.doc,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags=tags,
            retry_policy=retry_policy,
            code_version=code_version if code_version is not None else version,
            pool=pool,
            input_dict=input_definitions(analysed, ins, f"op '{op_name}'"),
            output_dict=output_definitions(
                analysed, out, code_version if code_version is not None else version, op_name
            ),
        )

    if compute_fn is not None:
        if not callable(compute_fn):
            raise InvalidDefinitionError(
                f"@op decorates a function, not {compute_fn!r}.", mend="write @op or @op(...)."
            )
        return decorate(compute_fn)
    return decorate


def output_definitions(
    fn: ComputeFunction, out: Out | Mapping[str, Out] | None, code_version: str | None, owner: str
) -> dict[str, OutputDefinition]:
    """
    Return the outputs of a decorated function.

    One output takes its type from the return annotation; several from a tuple annotation.
    """
    if out is None or isinstance(out, Out):
        spec = out if out is not None else Out()
        annotation: Any = AnnotationThunk(type_returned, fn)
        return {"result": spec.to_definition(annotation, "result", None, code_version)}
    if not isinstance(out, Mapping):
        raise InvalidDefinitionError(f"out of op '{owner}' is {out!r}.", mend="write Out(...) or a dictionary of them.")
    names = list(out)
    found: dict[str, OutputDefinition] = {}
    for index, (name, each) in enumerate(out.items()):
        if not isinstance(each, Out):
            raise InvalidDefinitionError(f"out['{name}'] of op '{owner}' is {each!r}.", mend="write Out(...).")
        check_name(name, noun="an output")
        thunk = AnnotationThunk(partial(type_returned_at, index=index, count=len(names)), fn)
        found[name] = each.to_definition(thunk, name, None, code_version)
    return found
