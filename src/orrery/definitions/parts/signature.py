"""
What the signature of a user's function says.

A function is read once, at decoration: which parameter is the context, which the config, which are
resources, which are inputs, and whether it is a coroutine or a generator. Plain functions are read
from their code object, which costs a microsecond or two; anything wrapped goes through
:mod:`inspect`. Annotations that are text (``from __future__ import annotations``) are looked up in
the function's own globals and closure, when they are asked for.
"""

from __future__ import annotations

import builtins
import inspect
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any, Final, NamedTuple

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.naming import is_valid_name
from orrery.model.config.marker import is_config_class, is_resource_param_annotation

__all__ = [
    "EMPTY",
    "ComputeFunction",
    "Parameter",
    "check_resources",
    "check_signature",
    "parameters_of",
    "resolve_annotation",
    "source_of",
]

EMPTY: Final[Any] = inspect.Parameter.empty

_DEEPEST_WRAPPING = 100
_CO_VARARGS = inspect.CO_VARARGS
_CO_VARKEYWORDS = inspect.CO_VARKEYWORDS
_CO_GENERATOR = inspect.CO_GENERATOR
_CO_COROUTINE = inspect.CO_COROUTINE
_CO_ASYNC_GENERATOR = inspect.CO_ASYNC_GENERATOR

CONTEXT_NAMES: Final = frozenset({"context", "_context", "context_", "_", "__", "_context_", "___"})


class Parameter(NamedTuple):
    """
    One parameter of a function.

    Attributes:
        name: As written.
        annotation: As written (maybe text), or ``EMPTY``.
        default: Default value, or ``EMPTY``.
        kind: ``positional`` (only), ``either``, ``keyword`` (only), ``args`` or ``kwargs``.
    """

    name: str
    annotation: Any
    default: Any
    kind: str

    @property
    def has_default(self) -> bool:
        """Tell whether a call may leave the parameter out."""
        return self.default is not EMPTY


_KINDS: Final = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "either",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_POSITIONAL: "args",
    inspect.Parameter.VAR_KEYWORD: "kwargs",
}


def parameters_of(fn: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters of *fn* in order, through wrappers that name what they wrap."""
    if type(fn) is FunctionType and not fn.__dict__:
        code = fn.__code__
        if not code.co_posonlyargcount:
            count, keyword_count, flags = code.co_argcount, code.co_kwonlyargcount, code.co_flags
            names, annotations, defaults = code.co_varnames, fn.__annotations__, fn.__defaults__ or ()
            get = annotations.get
            first_default = count - len(defaults)
            found = [
                Parameter(
                    names[i],
                    get(names[i], EMPTY),
                    defaults[i - first_default] if i >= first_default else EMPTY,
                    "either",
                )
                for i in range(count)
            ]
            position = count + keyword_count
            if flags & _CO_VARARGS:
                found.append(Parameter(names[position], get(names[position], EMPTY), EMPTY, "args"))
                position += 1
            if keyword_count:
                keyword_defaults = fn.__kwdefaults__ or {}
                found.extend(
                    Parameter(name, get(name, EMPTY), keyword_defaults.get(name, EMPTY), "keyword")
                    for name in names[count : count + keyword_count]
                )
            if flags & _CO_VARKEYWORDS:
                found.append(Parameter(names[position], get(names[position], EMPTY), EMPTY, "kwargs"))
            return tuple(found)
    bound = fn.keywords if isinstance(fn, partial) else ()
    return tuple(
        Parameter(each.name, each.annotation, each.default, _KINDS[each.kind])
        for each in inspect.signature(fn).parameters.values()
        if each.name not in bound
    )


def _innermost(fn: Any) -> Any:
    """Return the function whose globals the annotations of *fn* were written in."""
    seen = 0
    while hasattr(fn, "__wrapped__") and seen < _DEEPEST_WRAPPING:
        fn, seen = fn.__wrapped__, seen + 1
    if hasattr(fn, "func") and not hasattr(fn, "__globals__"):
        return _innermost(fn.func)
    if not hasattr(fn, "__globals__") and callable(fn):
        return getattr(type(fn).__call__, "__wrapped__", type(fn).__call__)
    return fn


def resolve_annotation(fn: Callable[..., Any], annotation: Any) -> Any:
    """
    Return *annotation* as an object, looking text up where *fn* was written.

    Names are looked up in the globals and the closure of *fn*, then in the frames that are decorating it.
    A text that cannot be looked up (a name that only a type checker sees) is returned as it is.
    """
    if not isinstance(annotation, str):
        return annotation
    inner = _innermost(fn)
    namespace = getattr(inner, "__globals__", {})
    if annotation.isidentifier():
        if annotation == "None":
            return None
        found = namespace.get(annotation, EMPTY)
        if found is not EMPTY:
            return found
        found = getattr(builtins, annotation, EMPTY)
        if found is not EMPTY:
            return found
    local: dict[str, Any] = {}
    code, closure = getattr(inner, "__code__", None), getattr(inner, "__closure__", None)
    if code is not None and closure:
        for name, cell in zip(code.co_freevars, closure, strict=False):
            try:
                local[name] = cell.cell_contents
            except ValueError:  # an empty cell: the name is bound later
                continue
    found = _evaluated(annotation, namespace, local)
    if found is EMPTY:
        found = _evaluated_around(annotation, namespace)
    return annotation if found is EMPTY else found


def _evaluated(text: str, namespace: Mapping[str, Any], local: Mapping[str, Any]) -> Any:
    try:
        return eval(text, dict(namespace), dict(local))  # noqa: S307  # the user's own annotation
    except Exception:  # noqa: BLE001  # a name for type checkers only: an import under TYPE_CHECKING
        return EMPTY


def _evaluated_around(text: str, namespace: Mapping[str, Any]) -> Any:
    """Look the names of *text* up where the function is being decorated: a class of a factory or a test."""
    frame: FrameType | None = sys._getframe(1)
    for _depth in range(12):
        if frame is None:
            return EMPTY
        if frame.f_globals is namespace and frame.f_locals is not namespace:
            found = _evaluated(text, namespace, frame.f_locals)
            if found is not EMPTY:
                return found
        frame = frame.f_back
    return EMPTY


def _flags_of(fn: Any) -> int:
    code = getattr(fn, "__code__", None)
    if code is not None:
        return int(code.co_flags)
    if hasattr(fn, "func"):  # functools.partial
        return _flags_of(fn.func)
    call = type(fn).__call__ if callable(fn) else None
    code = getattr(call, "__code__", None)
    return int(code.co_flags) if code is not None else 0


_last: tuple[CodeType, ComputeFunction] | None = None


def _read_last(fn: Any) -> ComputeFunction | None:
    """Return the function read last if *fn* is of the same code, as those of a factory are, and as bare."""
    last = _last
    if last is None or type(fn) is not FunctionType or fn.__code__ is not last[0]:
        return None
    return last[1] if _is_bare(fn) else None


def _remember(fn: Any, read: ComputeFunction) -> None:
    global _last
    if type(fn) is FunctionType and _is_bare(fn):
        _last = (fn.__code__, read)


def _is_bare(fn: FunctionType) -> bool:
    """Tell whether all that the signature of *fn* says stands in its code: no annotation, default or wrapper."""
    return not (fn.__annotations__ or fn.__defaults__ or fn.__kwdefaults__ or fn.__dict__)


class ComputeFunction:
    """
    A user's function with the roles of its parameters.

    Attributes:
        fn: The function itself.
        context_name: Name of the context parameter, or None.
        config_name: Name of the config parameter (``config``), or None.
        config_annotation: Its annotation, resolved: a config class, or a plain type.
        resource_params: Parameter name to the type of the resource: the key is the name.
        input_params: The other parameters: inputs, in order.
        input_names: Their names; None if an input cannot bear one of them.
        takes_kwargs: Whether unnamed keyword arguments are accepted.
        is_async: A coroutine function or an asynchronous generator function.
        is_generator: A generator function, asynchronous or not.
        is_annotated: Whether the function may say a type of a parameter or of its value.
    """

    __slots__ = (
        "args_name",
        "config_annotation",
        "config_name",
        "context_annotation",
        "context_name",
        "fn",
        "input_names",
        "input_params",
        "is_annotated",
        "is_async",
        "is_generator",
        "parameters",
        "resource_params",
        "takes_kwargs",
    )

    fn: Any
    parameters: tuple[Parameter, ...]
    context_name: str | None
    context_annotation: Any
    config_name: str | None
    config_annotation: Any
    resource_params: Mapping[str, Any]
    input_params: tuple[Parameter, ...]
    input_names: tuple[str, ...] | None
    takes_kwargs: bool
    args_name: str | None
    is_async: bool
    is_generator: bool
    is_annotated: bool

    def __init__(self, fn: Callable[..., Any], *, has_context: bool | None = None) -> None:
        self.fn = fn
        twin = _read_last(fn) if has_context is None else None
        if twin is not None:
            self._take_roles_of(twin)
            return
        self._read(fn, has_context)
        if has_context is None:
            _remember(fn, self)

    @property
    def decorated_fn(self) -> Any:
        """Return the function itself, under the name by which tests reach it."""
        return self.fn

    def _take_roles_of(self, twin: ComputeFunction) -> None:
        self.parameters = twin.parameters
        self.context_name = twin.context_name
        self.context_annotation = twin.context_annotation
        self.config_name = twin.config_name
        self.config_annotation = twin.config_annotation
        self.resource_params = twin.resource_params
        self.input_params = twin.input_params
        self.input_names = twin.input_names
        self.takes_kwargs = twin.takes_kwargs
        self.args_name = twin.args_name
        self.is_async = twin.is_async
        self.is_generator = twin.is_generator
        self.is_annotated = twin.is_annotated

    def _read(self, fn: Callable[..., Any], has_context: bool | None) -> None:
        parameters = parameters_of(fn)
        self.parameters = parameters
        self.context_name = None
        self.context_annotation = EMPTY
        self.config_name = None
        self.config_annotation = None
        resources: dict[str, Any] | None = None
        inputs: list[Parameter] = []
        self.takes_kwargs = False
        self.args_name = None
        first = True
        for parameter in parameters:
            kind = parameter.kind
            if kind == "args" or kind == "kwargs":
                if kind == "args":
                    self.args_name = parameter.name
                else:
                    self.takes_kwargs = True
                continue
            name = parameter.name
            if first:
                first = False
                if (name in CONTEXT_NAMES if has_context is None else has_context) and kind != "keyword":
                    self.context_name = name
                    self.context_annotation = parameter.annotation
                    continue
                if has_context is None and _is_context_annotation(parameter.annotation):
                    self.context_name = name
                    self.context_annotation = parameter.annotation
                    continue
            annotation = parameter.annotation
            if name == "config":
                self.config_name = name
                self.config_annotation = resolve_annotation(fn, annotation)
                continue
            if annotation is not EMPTY:
                resolved = resolve_annotation(fn, annotation) if type(annotation) is str else annotation
                if (
                    getattr(resolved, "__orrery_resource__", False) is True
                    or getattr(resolved, "__orrery_resource_param__", False) is True
                    if isinstance(resolved, type)
                    else is_resource_param_annotation(resolved)
                ):
                    if resources is None:
                        resources = {}
                    resources[name] = resolved
                    continue
            inputs.append(parameter)
        self.resource_params = resources or {}
        self.input_params = tuple(inputs)
        names = tuple([each.name for each in inputs])
        self.input_names = names if all(map(is_valid_name, names)) else None
        flags = _flags_of(fn)
        self.is_async = bool(flags & (_CO_COROUTINE | _CO_ASYNC_GENERATOR))
        self.is_generator = bool(flags & (_CO_GENERATOR | _CO_ASYNC_GENERATOR))
        self.is_annotated = bool(getattr(fn, "__annotations__", True))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself; a context before the inputs is left out where it takes none."""
        if self.context_name is None and args:
            return self.fn(*args[1:], **kwargs)
        return self.fn(*args, **kwargs)

    @property
    def has_config_class(self) -> bool:
        """Tell whether the config parameter wants an instance of a config class."""
        return self.config_name is not None and is_config_class(self.config_annotation)

    @property
    def return_annotation(self) -> Any:
        """Return what the function is annotated to return, resolved, or ``EMPTY``."""
        fn = self.fn
        annotations = getattr(fn, "__annotations__", None)
        if annotations is None:
            try:
                raw = inspect.signature(fn).return_annotation
            except (TypeError, ValueError):
                return EMPTY
        else:
            raw = annotations.get("return", EMPTY)
        return resolve_annotation(fn, raw)

    @property
    def name(self) -> str:
        """Return the name of the function, as a definition may bear it."""
        fn: Any = self.fn
        while not hasattr(fn, "__name__") and hasattr(fn, "func"):
            fn = fn.func
        return str(getattr(fn, "__name__", type(fn).__name__))

    @property
    def doc(self) -> str | None:
        """Return the docstring, dedented, or None."""
        doc = getattr(self.fn, "__doc__", None)
        return inspect.cleandoc(doc) if doc else None

    def annotation_of(self, parameter: Parameter) -> Any:
        """Return the annotation of *parameter*, resolved, or ``EMPTY``."""
        return resolve_annotation(self.fn, parameter.annotation)


_CONTEXT_ANNOTATIONS: Final = frozenset(
    {"AssetExecutionContext", "OpExecutionContext", "AssetCheckExecutionContext", "StepExecutionContext"}
)


def _is_context_annotation(annotation: Any) -> bool:
    if annotation is EMPTY:
        return False
    name = annotation.rpartition(".")[2] if isinstance(annotation, str) else getattr(annotation, "__name__", None)
    return name in _CONTEXT_ANNOTATIONS


def check_signature(fn: ComputeFunction, owner: str) -> None:
    """
    Refuse what the function of an op, an asset or a check cannot have in its signature.

    Args:
        fn: The function.
        owner: What it belongs to, for messages: ``op 'clean'``.

    Raises:
        InvalidDefinitionError: Its context is annotated as something else, or it takes any number of arguments.
    """
    if fn.args_name is not None:
        raise InvalidDefinitionError(
            f"The function of {owner} has the parameter '*{fn.args_name}', for which nothing can be given: inputs go by name.",
            mend="name the inputs one by one, or take '**inputs' together with ins=.",
        )
    annotation = fn.context_annotation
    if annotation is EMPTY:
        return
    resolved = resolve_annotation(fn.fn, annotation)
    bases = resolved.__mro__ if isinstance(resolved, type) else (resolved,)
    if isinstance(resolved, str) or resolved is Any or any(_is_context_annotation(base) for base in bases):
        return
    shown = resolved.__name__ if isinstance(resolved, type) else str(resolved)
    raise InvalidDefinitionError(
        f"Cannot annotate `context` parameter with type {shown} ({owner}).",
        mend="annotate it with AssetExecutionContext, AssetCheckExecutionContext or OpExecutionContext, or not at all.",
    )


def check_resources(fn: ComputeFunction, required: AbstractSet[str] | None, owner: str) -> None:
    """Refuse resources that are told both by name and by the parameters of the function."""
    if required and fn.resource_params:
        raise InvalidDefinitionError(
            f"Cannot specify resource requirements in both @op decorator and as arguments to the decorated function: {owner}.",
            mend="keep the parameters and drop required_resource_keys.",
        )


def source_of(fn: Any) -> tuple[str, int] | None:
    """
    Return file and line of what somebody wrote, below its decorators; None if it has none.

    >>> source_of(len) is None
    True
    """
    for _ in range(_DEEPEST_WRAPPING):
        inner = getattr(fn, "__wrapped__", None)
        if inner is None:
            break
        fn = inner
    code = getattr(fn, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else None
