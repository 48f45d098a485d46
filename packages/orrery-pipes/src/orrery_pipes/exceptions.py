"""An exception in the form that goes over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceback import TracebackException

    from orrery_pipes.shapes import PipesException

_DEPTH = 50


def pipes_exception(error: BaseException) -> PipesException:
    """
    Return *error* with its traceback and the chain of its causes, at most 50 deep.

    An error whose text cannot be made is told all the same.
    """
    # Not at the top: traceback takes 3 ms to import, and most processes end well.
    from traceback import TracebackException

    return _from_traceback(TracebackException(type(error), error, error.__traceback__), _DEPTH)


def shortened(exception: PipesException, longest_bytes: int) -> PipesException:
    """Return *exception* with the ends of its text and its stack alone, for an orchestrator that takes no more."""
    # A sign has at most twelve bytes in JSON.
    text, frame = longest_bytes // 32, longest_bytes // 1000
    stack = [each[:frame] for each in exception["stack"][-20:]]
    message = f"{exception['message'][:text]}... (shortened)\n"
    return {"message": message, "stack": stack, "name": exception["name"], "cause": None, "context": None}


def _from_traceback(told: TracebackException, depth: int) -> PipesException:
    # Python 3.13 keeps the name as text and warns about the class.
    name = told.exc_type_str if hasattr(told, "exc_type_str") else getattr(told.exc_type, "__qualname__", None)
    cause = told.__cause__
    context = None if told.__suppress_context__ else told.__context__
    return {
        # A SyntaxError takes several lines.
        "message": "".join(told.format_exception_only()),
        "stack": told.stack.format(),
        "name": name.rsplit(".", 1)[-1] if name else None,
        "cause": _from_traceback(cause, depth - 1) if cause is not None and depth else None,
        "context": _from_traceback(context, depth - 1) if context is not None and depth else None,
    }
