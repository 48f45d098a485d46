"""
Runs as people name and call them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from orrery.base.errors import RunNotFoundError
from orrery.cli.endings import wrong_usage
from orrery.cli.paper import dim
from orrery.cli.text import count, one_line
from orrery.model.records.run import Run, RunRecord
from orrery.runtime.instance.instance import Instance

__all__ = ["find_run", "what_ran"]

_SCANNED = 5_000


def find_run(instance: Instance, text: str) -> RunRecord:
    """
    Return the run that *text* names: an id, the beginning of one, or ``latest``.

    Wrong usage if it names none, or several.
    """
    with wrong_usage():
        if text == "latest":
            records = instance.get_run_records(limit=1)
            if not records:
                raise RunNotFoundError("No run is recorded.", mend="run something: orrery materialize '*'.")
            return records[0]
        whole = instance.get_run_record_by_id(text)
        if whole is not None:
            return whole
        found = [
            record
            for record in instance.get_run_records(limit=_SCANNED)
            if len(text) >= 3 and record.run.run_id.startswith(text)
        ]
        if len(found) > 1:
            raise RunNotFoundError(f"'{text}' begins the ids of {len(found)} runs.", mend="write more of the id.")
        if not found and os.path.isfile(text):
            raise RunNotFoundError(
                f"'{text}' is a file, not the id of a run: runs are found by the folder, without -f FILE.",
                mend="leave it out: `orrery runs list` tells the ids.",
            )
        if not found:
            raise RunNotFoundError(f"No run '{text}' is recorded.", mend="look for its id with `orrery runs list`.")
        return found[0]


def what_ran(run: Run) -> str:
    """Return what a run was of: its job, or the assets that were selected."""
    if not run.job_name.startswith("__"):
        return one_line(run.job_name)
    keys: Sequence[str] = sorted(key.to_escaped_user_string() for key in run.asset_selection or ())
    if not keys:
        return dim("assets")
    return one_line(", ".join(keys)) if len(keys) <= 3 else f"{count(len(keys), 'asset')}"
