"""
The project that a command works on: where its definitions are, and what they are.

``-f FILE`` and ``-m MODULE`` say it; else ``[tool.orrery]`` in the nearest ``pyproject.toml``, from the working
directory upwards (or what a project of Dagster has there: ``dagster_projects``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orrery.api.verbs.origins import origin_in_project
from orrery.api.wiring.locations import load_definitions
from orrery.base.errors import CodeLocationLoadError, InvalidSubsetError, UnknownAssetError
from orrery.base.keys import AssetCheckKey, AssetKey, EntityKey
from orrery.base.pointer import CodePointer, FilePointer, ModulePointer, pointer_from_settings
from orrery.cli.dagster_projects import pointer_in_tools, pointer_in_workspace
from orrery.cli.endings import wrong_usage
from orrery.cli.options import Source
from orrery.definitions.assets.asset_job import only_partitions_definition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.selection import AssetSelection
from orrery.runtime.remote.messages import JobOrigin

__all__ = ["Project", "find_pointer", "load_project"]

_IMPORTS = re.compile(r"^\s*(?:import|from)\s+(?:orrery|dagster)\b", re.MULTILINE)
_READ = 4096
_SELECTING = ("key:", '"')


@dataclass(frozen=True)
class Project:
    """
    What a project defines.

    Attributes:
        pointer: Where its definitions are.
        repository: They themselves, all names resolved.
    """

    pointer: CodePointer
    repository: RepositoryDefinition

    @cached_property
    def graph(self) -> AssetGraph:
        """Return all assets and checks."""
        return self.repository.asset_graph

    @cached_property
    def jobs(self) -> list[JobDefinition]:
        """Return the jobs that the project names, by name; none that is made of itself."""
        jobs = self.repository.get_all_jobs()
        return sorted((job for job in jobs if not job.name.startswith("__")), key=lambda job: job.name)

    @property
    def resources(self) -> Mapping[str, Any]:
        """Return the resources by key."""
        return self.repository.get_top_level_resources()

    def select(self, texts: tuple[str, ...]) -> tuple[set[AssetKey], set[AssetCheckKey]]:
        """
        Return the assets and checks that any of the selections names; wrong usage if they name none.

        Args:
            texts: Selections, as people write them.
        """
        keys: set[AssetKey] = set()
        checks: set[AssetCheckKey] = set()
        with wrong_usage():
            for text in texts:
                selection = self._selection(text)
                try:
                    keys |= selection.resolve(self.graph)
                except (UnknownAssetError, InvalidSubsetError) as error:
                    if os.path.exists(text):
                        raise InvalidSubsetError(
                            f"'{text}' is no asset, but it is a file here: the shell may have put it for '*'.",
                            mend="write the selection in quotes: '*'.",
                        ) from error
                    raise
                checks |= selection.resolve_checks(self.graph)
            if not keys and not checks:
                shown = " ".join(repr(text) for text in texts)
                raise InvalidSubsetError(
                    f"The selection {shown} selects no asset.", mend="look at the names with `orrery list`."
                )
        return keys, checks

    def job_of(self, keys: set[AssetKey], checks: set[AssetCheckKey], said: str) -> JobDefinition:
        """
        Return the job that makes the assets and evaluates the checks; wrong usage if nothing of it can be run.

        What one function makes together, and cannot make apart, is made together.

        Args:
            keys: The assets; those that something else makes are left out.
            checks: The checks.
            said: How the user selected them.
        """
        keys, checks = self._with_what_runs_together(keys, checks)
        made = keys & self.graph.materializable_asset_keys
        if not made and not checks:
            with wrong_usage():
                raise InvalidSubsetError(
                    f"Nothing of {said!r} is made by this project: something else makes it.",
                    mend="select assets that have a function; `orrery list assets` marks the others.",
                )
        with wrong_usage():
            only_partitions_definition(self.graph, made)
        whole = self.repository.get_implicit_global_asset_job_def()
        return whole.get_subset(asset_selection=made, asset_check_selection=checks)

    def origin_of_selection(self, keys: set[AssetKey], checks: set[AssetCheckKey]) -> JobOrigin:
        """Return where the job of :meth:`job_of` comes from, for other processes."""
        keys, checks = self._with_what_runs_together(keys, checks)
        made = keys & self.graph.materializable_asset_keys
        return origin_in_project(self.pointer, None, assets=made, checks=checks)

    def origin_of(self, job: JobDefinition) -> JobOrigin:
        """Return where a job of the project comes from, for other processes."""
        return origin_in_project(self.pointer, job.name)

    def _with_what_runs_together(
        self, keys: set[AssetKey], checks: set[AssetCheckKey]
    ) -> tuple[set[AssetKey], set[AssetCheckKey]]:
        if not self.graph.has_execution_sets:
            return keys, checks
        chosen: set[EntityKey] = {*keys, *checks}
        everything = {each for key in chosen for each in self.graph.get_execution_set_asset_and_check_keys(key)}
        assets = {each for each in everything if isinstance(each, AssetKey)}
        return assets, {each for each in everything if isinstance(each, AssetCheckKey)}

    def asset_key(self, text: str) -> AssetKey:
        """Return the key of the asset that people call *text*, or that is all it selects; wrong usage if there is none."""
        with wrong_usage():
            key = self._escaped_key(text) or AssetKey.from_user_string(text)
            if self.graph.has(key):
                return key
            if not text.startswith(_SELECTING):
                raise self.graph.unknown_asset(key)
            keys = AssetSelection.from_string(text).resolve(self.graph)
            if len(keys) != 1:
                raise InvalidSubsetError(
                    f"The selection {text!r} selects {len(keys)} assets, and this is about one.",
                    mend="name one asset; `orrery list assets` tells their names.",
                )
            return next(iter(keys))

    def _selection(self, text: str) -> AssetSelection:
        key = self._escaped_key(text)
        return AssetSelection.from_string(text) if key is None else AssetSelection.assets(key)

    def _escaped_key(self, text: str) -> AssetKey | None:
        """Return the asset that *text* names as commands print it: with a backslash before a slash within a part."""
        if "\\" not in text:
            return None
        key = AssetKey.from_escaped_user_string(text)
        return key if self.graph.has(key) else None


def load_project(source: Source) -> Project:
    """
    Import the definitions and return the project.

    Raises:
        CodeLocationLoadError: Nothing says where they are, or they are not there.
        UserCodeLoadError: The user's code raised.
    """
    pointer = find_pointer(source)
    return Project(pointer, load_definitions(pointer))


def find_pointer(source: Source) -> CodePointer:
    """Return where the definitions are: as the user said, or as the nearest ``pyproject.toml`` does."""
    if source.file is not None:
        return FilePointer(path=source.file, attribute=source.attribute)
    if source.module is not None:
        return ModulePointer(module=source.module, attribute=source.attribute)
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            pointer = _pointer_in(path)
            if pointer is not None:
                return _with_attribute(pointer, source.attribute)
        workspace = folder / "workspace.yaml"
        if workspace.is_file():
            return _with_attribute(pointer_in_workspace(workspace), source.attribute)
    raise CodeLocationLoadError(
        "Nothing says where the definitions are: no -f FILE, no -m MODULE, and no [tool.orrery] in a pyproject.toml "
        "here or above.",
        mend=_mend(here),
    )


def _pointer_in(path: Path) -> CodePointer | None:
    import tomllib  # 10 ms, and not needed with -f and -m

    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CodeLocationLoadError(f"{path} cannot be read: {error}.", mend="correct the file.") from error
    table = tools.get("orrery")
    if table is None:
        return pointer_in_tools(tools, path)
    if not isinstance(table, dict):
        raise CodeLocationLoadError(
            f"'orrery' below [tool] in {path} is {table!r}, not a table.",
            mend='write [tool.orrery], and below it module_name = "shop".',
        )
    return pointer_from_settings(table, root=str(path.parent), source=str(path))


def _with_attribute(pointer: CodePointer, attribute: str | None) -> CodePointer:
    if attribute is None:
        return pointer
    if isinstance(pointer, FilePointer):
        return FilePointer(path=pointer.path, attribute=attribute, working_directory=pointer.working_directory)
    return ModulePointer(module=pointer.module, attribute=attribute, working_directory=pointer.working_directory)


def _mend(here: Path) -> str:
    """Return what to try: a file that is here and looks as if it defined something, if there is one."""
    for path in sorted(here.glob("*.py")):
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(_READ)
        except OSError:
            continue
        if _IMPORTS.search(text):
            return f"add -f {path.name}."
    return "add -f FILE, or begin with `orrery init NAME`."
