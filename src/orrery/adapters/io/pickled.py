"""
Values as pickles in files below a directory, each whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from orrery.adapters.io.formats import dump_pickle, load_pickle
from orrery.adapters.io.notes import write_notes
from orrery.adapters.io.places import relative_path, value_key
from orrery.adapters.io.seal import MissingFileError, Seal, damaged, head_of_pickle, note_seals, open_sealed, read_file
from orrery.base.errors import InvalidDefinitionError, UnusableValueError
from orrery.base.keys import AssetKey
from orrery.base.metadata import MetadataValue
from orrery.base.names import key_path
from orrery.definitions.parts.io_manager import IOManager, IOManagerDefinition
from orrery.model.config.scalars import StringSource
from orrery.model.config.schema import Field, Noneable
from orrery.runtime.contexts.stored_values import (
    another_value,
    check_each,
    describe_value,
    load_for_partitions,
    note_contents,
    partitions_of_output,
    values_by_partition,
)
from orrery.runtime.files.known_heads import KnownHeads, known_heads_of
from orrery.runtime.files.staged import STAGED, is_stored
from orrery.runtime.instance.value_key import ValueKey, value_key_of

__all__ = [
    "CustomPathPickledObjectFilesystemIOManager",
    "PickledObjectFilesystemIOManager",
    "custom_path_fs_io_manager",
    "fs_io_manager",
    "signing_key",
    "storage_directory",
]

_EXTENSION = ".pickle"


class PickledObjectFilesystemIOManager(IOManager):
    """
    Store each value as a pickle in a file of its own, whole or not at all.

    Paths below *base_dir*: ``sales/orders.pickle`` for asset ``["sales", "orders"]``,
    ``sales/orders/partition=2024-01-01.pickle`` for a partition of it, and
    ``RUN_ID/STEP_KEY/OUTPUT.pickle`` for the output of an op. Parts are encoded by
    :mod:`orrery.base.names`; ordinary lower-case names stay as they are. The files are pickles that
    ``pickle.load`` reads; their length and digest stand at their head and are checked at each load.

    Args:
        base_dir: The directory; made when the first value is stored.
        key: Signs the pickles, and tells which are loaded; None where nobody signs.
        heads: What is known of the heads of files.
    """

    def __init__(
        self, base_dir: str | os.PathLike[str], key: ValueKey | None = None, heads: KnownHeads | None = None
    ) -> None:
        self.base_dir = os.path.abspath(os.path.expanduser(base_dir))
        self._key = key
        self._heads = heads or KnownHeads(None)
        self._signers: dict[bytes, bool] = {}

    def handle_output(self, context: Any, obj: Any) -> None:
        """
        Store *obj*; until all of it is on the disk, the value before it stands.

        Raises:
            InvariantViolationError: The value cannot be pickled; or it belongs to several partitions, and is no
                dictionary by partition key.
        """
        partitions = partitions_of_output(context)
        if len(partitions) == 1:
            path, seal = self._store(context, obj, partitions[0])
            seals = {partitions[0]: seal}
        else:
            values = values_by_partition(context, obj, partitions)
            stored = {key: self._store(context, values[key], key) for key in values}
            path = os.path.dirname(next(iter(stored.values()))[0])
            seals = {key: seal for key, (_, seal) in stored.items()}
        note_seals(context, seals, is_stable=False)
        context.add_output_metadata({"path": MetadataValue.path(path)})

    def _store(self, context: Any, obj: Any, partition: str | None) -> tuple[str, Seal]:
        key = value_key(context, partition)
        relative = relative_path(key, extension=_EXTENSION)
        path = f"{self.base_dir}/{relative}"
        if "~" in relative:
            write_notes(self.base_dir, key, extension=_EXTENSION)
        seal = dump_pickle(path, obj, what=lambda: describe_value(context, partition), key=self._key)
        return path, seal

    def load_input(self, context: Any) -> Any:
        """
        Return the stored value; for several partitions a dictionary by partition key.

        Raises:
            MissingFileError: No value is stored (also a ``FileNotFoundError``).
            DamagedValueError: The file is not what was written.
        """
        return load_for_partitions(context, lambda key: self._load(context, key), missing=MissingFileError)

    def has_output(self, context: Any) -> bool:
        """Tell whether a value is stored for the output of *context*."""
        keys = (value_key(context, partition) for partition in partitions_of_output(context))
        return all(is_stored(f"{self.base_dir}/{relative_path(key, extension=_EXTENSION)}") for key in keys)

    def stored_assets(self, keys: Sequence[AssetKey]) -> dict[AssetKey, str]:
        """Return those of these assets, all without partitions, of which a value is stored, each with the name of its bytes."""
        found: dict[AssetKey, str] = {}
        folders: dict[str, dict[str, AssetKey]] = {}
        for key in keys:
            relative = key_path(key.parts, extension=_EXTENSION)
            if STAGED and f"{self.base_dir}/{relative}" in STAGED:
                content = self._content(relative)
                if content is not None:
                    found[key] = content
            else:
                folder, _, name = relative.rpartition("/")
                folders.setdefault(folder, {})[name] = key
        for folder, names in folders.items():
            place = f"{self.base_dir}/{folder}" if folder else self.base_dir
            for name, head in self._heads.among(place, names, head_of_pickle).items():
                found[names[name]] = head.content if self._is_loaded(head.signer) else ""
        return found

    def _content(self, relative: str) -> str | None:
        """Return the name of the bytes that are stored at a path; empty if they are not loaded, None if there are none."""
        path = f"{self.base_dir}/{relative}"
        if path in STAGED:
            head = head_of_pickle(path)
        else:
            folder, _, name = path.rpartition("/")
            head = self._heads.among(folder, (name,), head_of_pickle).get(name)
        return None if head is None else head.content if self._is_loaded(head.signer) else ""

    def _is_loaded(self, signer: bytes) -> bool:
        """Tell whether pickles are loaded that the key of this name signed; nobody, if it is empty."""
        known = self._signers.get(signer)
        if known is None:
            key = self._key
            known = key is None or key.allows_others or (bool(signer) and key.secret_named(signer) is not None)
            self._signers[signer] = known
        return known

    def check_content(self, context: Any, contents: Mapping[str | None, str]) -> None:
        """
        Check that what is stored are the values that were noted, by the heads of their files.

        Args:
            context: The ``InputContext`` or ``OutputContext``.
            contents: What was noted of each partition; of None for a value without.

        Raises:
            MissingFileError: One is not there.
            UntrustedValueError: One was not signed with the key of this instance.
            DamagedValueError: One is another. It says of which partition.
        """

        def check(partition: str | None, content: str) -> None:
            relative = relative_path(value_key(context, partition), extension=_EXTENSION)
            found = self._content(relative)
            if found == content:
                return
            if not found:  # what is wrong is told by who reads it
                try:
                    self._check(context, partition)
                except UnusableValueError:
                    raise
                except OSError as error:
                    what = partial(describe_value, context, partition)
                    raise damaged(
                        what, f"{self.base_dir}/{relative}", f"it cannot be read ({error.strerror})"
                    ) from error
            raise another_value(context, partition, f"file {self.base_dir}/{relative}")

        check_each(contents, check)

    def check_output(self, context: Any) -> None:
        """
        Check the bytes of the value that is stored for the output of *context*.

        Raises:
            MissingFileError: None is stored.
            DamagedValueError: The file is not what was written.
        """
        for partition in partitions_of_output(context):
            self._check(context, partition)

    def _check(self, context: Any, partition: str | None) -> None:
        path = f"{self.base_dir}/{relative_path(value_key(context, partition), extension=_EXTENSION)}"
        open_sealed(
            read_file(path, what=lambda: describe_value(context, partition)),
            what=lambda: describe_value(context, partition),
            path=path,
            key=self._key,
        )

    def _load(self, context: Any, partition: str | None) -> Any:
        path = f"{self.base_dir}/{relative_path(value_key(context, partition), extension=_EXTENSION)}"
        loaded = load_pickle(path, what=lambda: describe_value(context, partition), key=self._key)
        note_contents(context, {partition: loaded.content})
        return loaded.value


class CustomPathPickledObjectFilesystemIOManager(IOManager):
    """
    Store each value as a pickle at the path that the metadata of its output names.

    Args:
        base_dir: The directory below which the paths lie.
        key: Signs the pickles, and tells which are loaded; None where nobody signs.
    """

    def __init__(self, base_dir: str | os.PathLike[str], key: ValueKey | None = None) -> None:
        self.base_dir = os.path.abspath(os.path.expanduser(base_dir))
        self._key = key

    def handle_output(self, context: Any, obj: Any) -> None:
        """Store *obj* at the path in the output's metadata."""
        path = self._path(context)
        dump_pickle(path, obj, what=lambda: describe_value(context), key=self._key)
        context.add_output_metadata({"path": MetadataValue.path(path)})

    def load_input(self, context: Any) -> Any:
        """Return the value at the path in the metadata of the upstream output."""
        return load_pickle(
            self._path(context.upstream_output), what=lambda: describe_value(context), key=self._key
        ).value

    def _path(self, context: Any) -> str:
        path = (context.definition_metadata or {}).get("path")
        path = getattr(path, "value", path)
        if not isinstance(path, str) or not path:
            raise InvalidDefinitionError(
                f"The metadata of {describe_value(context)} names no 'path', which this IO manager stores it at.",
                mend='write Out(metadata={"path": "reports/daily"}).',
            )
        whole = os.path.normpath(os.path.join(self.base_dir, path))
        if os.path.commonpath([whole, self.base_dir]) != self.base_dir:
            raise InvalidDefinitionError(
                f"The path {path!r} of {describe_value(context)} leads out of {self.base_dir}.",
                mend="name a path below the base directory of the IO manager.",
            )
        return whole


def storage_directory(context: Any) -> str:
    """Return where the instance of a run keeps values."""
    instance = getattr(context, "instance", None)
    directory = instance.storage_directory() if instance is not None else os.path.join(".orrery", "storage")
    return str(directory)


def signing_key(context: Any, allow_unsigned: bool | None) -> ValueKey | None:
    """Return the key of the instance of a run; *allow_unsigned* as the user wrote it for one IO manager, or None."""
    return value_key_of(getattr(context, "instance", None), allow_unsigned=allow_unsigned)


def _make_filesystem(context: Any) -> PickledObjectFilesystemIOManager:
    config = context.resource_config or {}
    key = signing_key(context, config.get("allow_unsigned"))
    heads = known_heads_of(getattr(context, "instance", None))
    return PickledObjectFilesystemIOManager(config.get("base_dir") or storage_directory(context), key, heads)


def _make_custom_path(context: Any) -> CustomPathPickledObjectFilesystemIOManager:
    config = context.resource_config
    return CustomPathPickledObjectFilesystemIOManager(
        config["base_dir"], signing_key(context, config.get("allow_unsigned"))
    )


_ALLOW_FIELD = Field(
    Noneable(bool),
    default_value=None,
    is_required=False,
    description="Whether pickles are loaded that the instance did not sign; by default what its settings say.",
)

fs_io_manager = IOManagerDefinition(
    _make_filesystem,
    config_schema={
        "base_dir": Field(Noneable(StringSource), default_value=None, is_required=False),
        "allow_unsigned": _ALLOW_FIELD,
    },
    description="Store values as pickles below a directory.",
)
"""An IO manager that stores values as files; config ``base_dir``, by default the instance's storage."""

custom_path_fs_io_manager = IOManagerDefinition(
    _make_custom_path,
    config_schema={"base_dir": Field(StringSource, is_required=True), "allow_unsigned": _ALLOW_FIELD},
    description="Store values as pickles at paths that their outputs name.",
)
"""An IO manager that stores each value at the path in the metadata of its output."""
