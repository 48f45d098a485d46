"""
Run config from YAML.

Only plain data is read: a tag that would make an object is refused. Where several documents give the same
entry, the later one holds.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from importlib import resources as package_resources
from pathlib import Path
from typing import Any

import yaml

from orrery.base.errors import InvalidInvocationError, InvariantViolationError
from orrery.model.config.problems import show_value
from orrery.model.config.run_config import merge_dicts

__all__ = ["config_from_files", "config_from_pkg_resources", "config_from_yaml_strings"]

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _ConfigLoader(yaml.SafeLoader):
    """Reads plain data; dates stay texts, for config knows no dates, and a key given twice is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping; refuse a key that is written twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        "while reading a mapping", node.start_mark, f"found the key '{key.value}' twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_ConfigLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def config_from_files(config_files: Sequence[str]) -> Mapping[str, Any]:
    """
    Return the config in YAML files, merged.

    Args:
        config_files: Paths or glob patterns; later ones hold over earlier ones.

    Raises:
        InvariantViolationError: A pattern matches no file, or a file is no YAML mapping.

    Example::

        run_config=config_from_files(["base.yaml", "production/*.yaml"])
    """
    merged: dict[str, Any] = {}
    for pattern in _texts(config_files, "config_files"):
        found = sorted(glob.glob(pattern))
        if not found:
            raise InvariantViolationError(
                f'File or glob pattern "{pattern}" for "config_files" produced no results.',
                mend="write the path from the directory where the process runs, or an absolute one.",
            )
        for path in found:
            merged = merge_dicts(merged, _read(_text_of(path), f"file {path}"))
    return merged


def config_from_yaml_strings(yaml_strings: Sequence[str]) -> Mapping[str, Any]:
    """
    Return the config in YAML texts, merged.

    Args:
        yaml_strings: YAML mappings; later ones hold over earlier ones.

    Raises:
        InvariantViolationError: A text is no YAML mapping.

    >>> config_from_yaml_strings(["ops: {load: {config: {limit: 1}}}", "ops: {load: {config: {path: x}}}"])
    {'ops': {'load': {'config': {'limit': 1, 'path': 'x'}}}}
    """
    merged: dict[str, Any] = {}
    for number, text in enumerate(_texts(yaml_strings, "yaml_strings"), start=1):
        merged = merge_dicts(merged, _read(text, f"YAML string {number}"))
    return merged


def config_from_pkg_resources(pkg_resource_defs: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """
    Return the config in YAML files that lie in Python packages, merged.

    Args:
        pkg_resource_defs: Pairs of a package's name and a path below it; later ones hold over earlier ones.

    Raises:
        InvariantViolationError: A package or file is not there, or is no YAML mapping.
    """
    merged: dict[str, Any] = {}
    for package, path in pkg_resource_defs:
        try:
            text = package_resources.files(package).joinpath(path).read_text(encoding="utf-8")
        except (ModuleNotFoundError, FileNotFoundError, IsADirectoryError) as error:
            raise InvariantViolationError(
                f"Encountered error attempting to parse yaml. There is no file '{path}' in the package '{package}'.",
                mend="check that the package is installed and carries the file as package data.",
            ) from error
        merged = merge_dicts(merged, _read(text, f"file {path} of package {package}"))
    return merged


def _texts(given: Sequence[str], name: str) -> Sequence[str]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InvalidInvocationError(
            f"{name} is {show_value(given)} of type {type(given).__name__}.", mend="give a list of texts."
        )
    return given


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvariantViolationError(
            f"The file {path} cannot be read: {error}.", mend="give a YAML file, written in UTF-8."
        ) from error


def _read(text: str, source: str) -> Mapping[str, Any]:
    try:
        loaded = yaml.load(text, Loader=_ConfigLoader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise InvariantViolationError(
            f"Encountered error attempting to parse yaml. The {source} cannot be read: "
            + str(error).replace('"<unicode string>"', f"the {source}"),
            mend="correct the YAML; only plain data is read.",
        ) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise InvariantViolationError(
            f'Expected YAML dictionary, instead got: "{show_value(loaded)}" from the {source}.',
            mend="write a mapping at the top: 'ops: ...'.",
        )
    return loaded
