"""
The top-level name ``dagster_pipes`` over ``orrery_pipes``, so that existing external processes run unchanged.

Every public name of ``orrery_pipes`` is here under its own name, and those that carry the product's name in the
reference under that one.
"""

from __future__ import annotations

import orrery_pipes

# The release whose documented API these names follow, for programs that compare versions.
__version__ = "1.13.28"

_PREFIXED = {
    "DAGSTER_PIPES_CLI_PARSER": "PIPES_CLI_PARSER",
    "DAGSTER_PIPES_CONTEXT_CLI_ARGUMENT": "PIPES_CONTEXT_CLI_ARGUMENT",
    "DAGSTER_PIPES_CONTEXT_ENV_VAR": "PIPES_CONTEXT_ENV_VAR",
    "DAGSTER_PIPES_CONTEXT_WIDGET_KEY": "PIPES_CONTEXT_WIDGET_KEY",
    "DAGSTER_PIPES_MESSAGES_CLI_ARGUMENT": "PIPES_MESSAGES_CLI_ARGUMENT",
    "DAGSTER_PIPES_MESSAGES_ENV_VAR": "PIPES_MESSAGES_ENV_VAR",
    "DAGSTER_PIPES_MESSAGES_WIDGET_KEY": "PIPES_MESSAGES_WIDGET_KEY",
    "DagsterPipesError": "PipesError",
    "DagsterPipesWarning": "PipesWarning",
    "open_dagster_pipes": "open_pipes",
}
_NAMES = {**{name: name for name in orrery_pipes.__all__ if name != "__version__"}, **_PREFIXED}

__all__ = ["__version__", *sorted(_NAMES)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module 'dagster_pipes' has no attribute {name!r}", name=name)
    return getattr(orrery_pipes, _NAMES[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
