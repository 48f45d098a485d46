"""
Kinds of warning, so that a program can silence one and hear the others.

>>> import warnings
>>> warnings.simplefilter("ignore", BetaWarning)
"""

from __future__ import annotations

__all__ = ["BetaWarning", "ConfigArgumentWarning", "PreviewWarning", "SupersessionWarning"]


class PreviewWarning(Warning):
    """What was used is shown early: it may change or go in any release."""


class BetaWarning(Warning):
    """What was used is nearly settled: it may still change in a minor release."""


class SupersessionWarning(FutureWarning):
    """What was used stays, but something better has taken its place."""


class ConfigArgumentWarning(SyntaxWarning):
    """A parameter is called ``config`` without being a config class: it is taken for an input."""
