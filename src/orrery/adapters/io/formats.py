"""
Formats: how a value becomes the bytes of a file and comes back.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from orrery.adapters.io.atomic import write_whole
from orrery.adapters.io.seal import Seal, open_sealed, read_file, seal_header
from orrery.base.errors import InvariantViolationError
from orrery.runtime.instance.value_key import ValueKey

__all__ = ["dump_pickle", "load_pickle"]


def dump_pickle(path: str, value: Any, *, what: Callable[[], str], key: ValueKey | None = None) -> Seal:
    """
    Write *value* to *path* as a sealed pickle; the old file stands unless all goes well.

    Args:
        path: Absolute path of the file.
        value: What to store.
        what: Tells what people call it, for messages.
        key: Signs it; None where nobody signs.

    Returns:
        The length and the digest of the pickle.

    Raises:
        InvariantViolationError: The value cannot be pickled.
    """
    try:
        data = pickle.dumps(value, 5)
    except Exception as error:  # whatever a user's __reduce__ raises
        raise InvariantViolationError(
            f"The value of {what()} ({type(value).__name__}) cannot be pickled, so no file can hold it: {error}",
            mend="return a value that pickle takes (a function defined at the top of a module, not a lambda), or give "
            "this output an IO manager that stores it otherwise, for example mem_io_manager.",
        ) from error
    seal = Seal.of(data)
    write_whole(path, seal_header(seal, key), data)
    return seal


def load_pickle(path: str, *, what: Callable[[], str], key: ValueKey | None = None) -> Any:
    """
    Read the value that ``dump_pickle`` wrote to *path*.

    Raises:
        MissingFileError: There is no such file.
        UntrustedValueError: It was not signed with *key*.
        DamagedValueError: Its bytes are not those that were written.
    """
    data = open_sealed(read_file(path, what=what), what=what, path=path, key=key)
    return pickle.loads(data)  # noqa: S301  # sealed and signed by us
