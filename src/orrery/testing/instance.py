"""
A persistent instance for a test.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orrery.api.wiring.instance import HOME_VARIABLE, temporary_instance
from orrery.runtime.instance import Instance

__all__ = ["instance_for_test"]


@contextmanager
def instance_for_test(
    overrides: Mapping[str, Any] | None = None,
    set_dagster_home: bool = True,
    temp_dir: str | None = None,
    synchronous_run_coordinator: bool = False,
    synchronous_run_launcher: bool = False,
) -> Iterator[Instance]:
    """
    Give a persistent instance in a temporary directory, which is removed at the end.

    Args:
        overrides: Settings, by name.
        set_dagster_home: Let ``ORRERY_HOME`` name the directory while the block runs, so that
            ``Instance.get()`` opens the same records.
        temp_dir: The directory, which then stays.
        synchronous_run_coordinator: Accepted for compatibility: runs are submitted at once.
        synchronous_run_launcher: Accepted for compatibility.

    >>> with instance_for_test() as instance:
    ...     instance.create_run(job_name="nightly").status.value
    'NOT_STARTED'
    """
    with tempfile.TemporaryDirectory(prefix="orrery-") as folder:
        home = temp_dir or folder
        before = os.environ.get(HOME_VARIABLE)
        if set_dagster_home:
            os.environ[HOME_VARIABLE] = home
        try:
            with temporary_instance(tempdir=home, overrides=overrides) as instance:
                yield instance
        finally:
            if set_dagster_home:
                if before is None:
                    os.environ.pop(HOME_VARIABLE, None)
                else:
                    os.environ[HOME_VARIABLE] = before
