"""
Jobs that another process can make again.

A :class:`ReconstructableJob` is a pointer: the module and the name under which a job, or a function that
makes one, can be found. It can be pickled; the job itself cannot.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition

__all__ = ["ReconstructableJob", "build_reconstructable_job", "reconstructable"]

_MAIN_FILE = "__orrery_main__"


@dataclass(frozen=True, slots=True)
class ReconstructableJob:
    """
    Where a job can be found, or made.

    Attributes:
        module: Dotted name of the module.
        name: Name in the module: a job, or a function that returns one.
        file: File of the module, where it cannot be imported by its name (a script).
        args: Positional arguments of the function.
        kwargs: Named arguments of the function, as pairs.
        working_directory: Folder that imports begin at; None for those of this process.
    """

    module: str
    name: str
    file: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    working_directory: str | None = None

    def get_definition(self) -> JobDefinition:
        """
        Return the job.

        Raises:
            InvariantViolationError: The name is not there, or no job came of it.
        """
        module = self._module()
        found: Any = module
        for part in self.name.split("."):
            if not hasattr(found, part):
                raise InvariantViolationError(
                    f"Module '{self.module}' has no '{self.name}', where a job was to be found.",
                    mend="name what stands at the top of the module.",
                )
            found = getattr(found, part)
        if not isinstance(found, JobDefinition | GraphDefinition) and callable(found):
            found = found(*self.args, **dict(self.kwargs))
        if isinstance(found, GraphDefinition):
            found = found.to_job()
        if not isinstance(found, JobDefinition):
            raise InvariantViolationError(
                f"Loadable attributes must be either a job or a graph. Got {found!r}.",
                mend=f"let '{self.name}' be a job, or a function that returns one.",
            )
        return found

    def in_package(self, package_dir: str) -> ReconstructableJob:
        """
        Return a pointer that names a file below *package_dir* as a module, importable from there.

        A pointer that names a module already stays as it is.

        Raises:
            InvariantViolationError: The file does not lie below *package_dir*.
        """
        if self.file is None:
            return self
        path = os.path.relpath(os.path.abspath(self.file), os.path.abspath(package_dir))
        if path.startswith(os.pardir):
            raise InvariantViolationError(
                f"The job '{self.name}' stands in '{self.file}', which does not lie below '{package_dir}'.",
                mend="give the folder that the file, or its package, lies in.",
            )
        module = os.path.splitext(path)[0].replace(os.sep, ".")
        return dataclasses.replace(self, module=module, file=None)

    def _module(self) -> ModuleType:
        if self.working_directory is not None and self.working_directory not in sys.path:
            sys.path.insert(0, self.working_directory)
        loaded = sys.modules.get(self.module)
        if loaded is not None and (self.file is None or getattr(loaded, "__file__", None) == self.file):
            return loaded
        if self.file is None:
            return importlib.import_module(self.module)
        known = sys.modules.get(_MAIN_FILE)
        if known is not None and getattr(known, "__file__", None) == self.file:
            return known
        spec = importlib.util.spec_from_file_location(_MAIN_FILE, self.file)
        if spec is None or spec.loader is None:
            raise InvariantViolationError(f"The file '{self.file}' cannot be imported.")
        made = importlib.util.module_from_spec(spec)
        sys.modules[_MAIN_FILE] = made
        spec.loader.exec_module(made)
        return made


def reconstructable(target: Callable[..., Any] | JobDefinition) -> ReconstructableJob:
    """
    Return a pointer to *target*, so that other processes can make it again.

    Args:
        target: A job, or a function without arguments that returns one; it stands at the top of a module.

    Raises:
        InvariantViolationError: It does not stand at the top of a module, or is neither job nor function.

    Example::

        execute_job(reconstructable(my_job), instance)
    """
    if isinstance(target, JobDefinition):
        return _pointer_to_job(target)
    if not isinstance(target, FunctionType):
        raise InvariantViolationError(
            "Reconstructable target should be a function or definition produced by a decorated function, got "
            f"{type(target)}.",
            mend="give a job, or a function that returns one.",
        )
    if target.__name__ == "<lambda>":
        raise InvariantViolationError(
            "Reconstructable target can not be a lambda.",
            mend="use a function or decorated function defined at module scope instead, or use build_reconstructable_job.",
        )
    if target.__qualname__ != target.__name__:
        raise InvariantViolationError(
            f'Reconstructable target "{target.__name__}" has a different __qualname__ "{target.__qualname__}" indicating '
            "it is not defined at module scope.",
            mend="use a function or decorated function defined at module scope instead, or use build_reconstructable_job.",
        )
    return _pointer(target.__module__, target.__name__)


def _pointer_to_job(job: JobDefinition) -> ReconstructableJob:
    modules = [(name, vars(each)) for name, each in list(sys.modules.items()) if hasattr(each, "__dict__")]
    for name, names in modules:
        if names.get(job.name) is job:
            return _pointer(name, job.name)
    for name, names in modules:
        for attribute, value in list(names.items()):
            if value is job:
                return _pointer(name, attribute)
    raise InvariantViolationError(
        f"Reconstructable target '{job.name}' is not found at the top of any module.",
        mend="define the job at module scope, or give a function at module scope that returns it.",
    )


def _pointer(module: str, name: str) -> ReconstructableJob:
    file = None
    if module == "__main__":
        file = getattr(sys.modules["__main__"], "__file__", None)
        if file is None:
            raise InvariantViolationError(
                f"reconstructable() can not find '{name}' again: this is an interactive session, and no file.",
                mend="write the job into a file.",
            )
        file = os.path.abspath(file)
    return ReconstructableJob(module, name, file)


def build_reconstructable_job(
    reconstructor_module_name: str,
    reconstructor_function_name: str,
    reconstructable_args: tuple[Any, ...] | None = None,
    reconstructable_kwargs: Mapping[str, Any] | None = None,
    reconstructor_working_directory: str | None = None,
) -> ReconstructableJob:
    """
    Return a pointer to a job that a function makes from arguments.

    Args:
        reconstructor_module_name: Dotted name of the module.
        reconstructor_function_name: Name of a function in it that returns the job.
        reconstructable_args: Positional arguments of the function; other processes get them by JSON or pickle.
        reconstructable_kwargs: Named arguments of the function.
        reconstructor_working_directory: Folder that imports begin at.
    """
    return ReconstructableJob(
        reconstructor_module_name,
        reconstructor_function_name,
        None,
        tuple(reconstructable_args or ()),
        tuple((reconstructable_kwargs or {}).items()),
        reconstructor_working_directory,
    )
