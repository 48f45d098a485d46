"""
A base for IO managers that store each value in a file: local, in an object store, or in memory alike.

Subclasses say how a value is written to a path and read from it. Where the path lies, partitions,
whole writes and damage are minded here. Local files are written whole or not at all and get a seal
(``seal.py``); elsewhere the store's own write decides, as a rule an upload that appears when it is complete.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from orrery.adapters.io.notes import write_notes
from orrery.adapters.io.places import relative_path, value_key
from orrery.adapters.io.seal import MissingFileError, Seal, append_seal, check_seal, is_content_of, note_seals
from orrery.base.errors import InvariantViolationError
from orrery.base.metadata import MetadataValue
from orrery.base.names import labelled_part
from orrery.definitions.parts.io_manager import IOManager
from orrery.model.partitions.keys import MultiPartitionKey, split_dimension_keys
from orrery.runtime.contexts.stored_values import (
    another_value,
    check_each,
    describe_value,
    load_for_partitions,
    note_contents,
    partitions_of_output,
    values_by_partition,
)
from orrery.runtime.files.atomic import remove_whole, whole_path
from orrery.runtime.files.entity_tags import entity_tag
from orrery.runtime.files.patience import patient_options
from orrery.runtime.files.staged import is_stored, place_to_read

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["UPathIOManager", "note_read"]

_LOCAL = ("", "file", "local")
_READ_LATER = ("collect", "compute", "to_table")
"""What has one of these methods may read its file when that is called: frames of polars, Dask and Spark, data sets of Arrow."""
_UNKNOWN = ""
"""No content has this name."""


class UPathIOManager(IOManager):
    """
    Store each value at a path of its own; subclass it and say how.

    A subclass has ``dump_to_path`` and ``load_from_path`` and, as a rule, an ``extension``. While a value
    is dumped, a local *path* is a temporary one of the same name: write to it, do not remember it.
    ``load_from_path`` may be ``async``; then the partitions of an input are loaded together.

    Without an ``extension``, no asset's key may be the beginning of another's, as the one would be a
    file where the other needs a directory; the second is refused.

    Args:
        base_path: Where the values lie; by default the working directory.

    Example::

        class TextIOManager(UPathIOManager):
            extension = ".txt"

            def dump_to_path(self, context, obj, path):
                path.write_text(obj)

            def load_from_path(self, context, path):
                return path.read_text()
    """

    extension: ClassVar[str | None] = None
    is_stable: ClassVar[bool] = False
    """Whether equal values are always stored as equal bytes, so that these name the content."""

    def __init__(self, base_path: UPath | str | os.PathLike[str] | None = None) -> None:
        from upath import UPath  # 60 ms, and only who stores by path needs it

        place = "." if base_path is None else base_path
        options = (
            patient_options(place, None, os.environ) if isinstance(place, str) else {}
        )  # else the user gave it some
        self._base_path: UPath = UPath(place, **options)
        if self._base_path.protocol in _LOCAL:
            self._base_path = self._base_path.absolute()

    # -- what subclasses say -------------------------------------------------------------------

    def dump_to_path(self, context: Any, obj: Any, path: UPath) -> None:
        """Write *obj* to *path*; the directory exists."""
        raise NotImplementedError(f"{type(self).__name__} has no dump_to_path")

    def load_from_path(self, context: Any, path: UPath) -> Any:
        """Return the value at *path*; may be ``async``."""
        raise NotImplementedError(f"{type(self).__name__} has no load_from_path")

    def get_metadata(self, context: Any, obj: Any) -> Mapping[str, Any]:
        """Return what is noted about a stored value, besides its path."""
        return {}

    def get_path_for_partition(self, context: Any, path: UPath, partition: str) -> UPath:
        """
        Return where a partition lies; override it for a scheme of your own.

        Args:
            context: The ``InputContext`` or ``OutputContext``.
            path: The path of the asset, without extension; the extension is added to what is returned.
            partition: The key; that of several dimensions has ``/`` between its parts.
        """
        return self.make_safe_partition_path(path, partition)

    def make_safe_partition_path(self, base_path: UPath, partition: str) -> UPath:
        """Return a path below *base_path* for any text as partition key."""
        return base_path / labelled_part("partition", partition)

    # -- the file system -----------------------------------------------------------------------

    @property
    def fs(self) -> Any:
        """Return the file system (fsspec) of the base path."""
        return self._base_path.fs

    @property
    def storage_options(self) -> dict[str, Any]:
        """Return the options of the file system, for libraries that open URLs themselves."""
        return dict(self._base_path.storage_options)

    def unlink(self, path: UPath) -> None:
        """Remove the file at *path*; nothing happens if it is not there."""
        if _is_local(path):
            remove_whole(str(path))
        else:
            path.unlink(missing_ok=True)

    def path_exists(self, path: UPath) -> bool:
        """Tell whether a value is stored at *path*."""
        return is_stored(str(path)) if _is_local(path) else bool(path.exists())

    def make_directory(self, path: UPath) -> None:
        """Make the directory *path*; override it where there are none."""
        path.mkdir(parents=True, exist_ok=True)

    def has_output(self, context: Any) -> bool:
        """Tell whether a value is stored for the output of *context*."""
        return all(self.path_exists(self._path(context, partition)) for partition in partitions_of_output(context))

    def check_output(self, context: Any) -> None:
        """
        Check the bytes of the value that is stored for the output of *context*; those that have no seal pass.

        Raises:
            DamagedValueError: The file is not what was written.
        """
        for partition in partitions_of_output(context):
            path = self._path(context, partition)
            if _is_local(path) and not os.path.isdir(str(path)):
                check_seal(str(path), what=partial(describe_value, context, partition))

    def check_content(self, context: Any, contents: Mapping[str | None, str]) -> None:
        """
        Check that what is stored are the values that were noted, without reading all of them.

        Args:
            context: The ``InputContext`` or ``OutputContext``.
            contents: What was noted of each partition; of None for a value without.

        Raises:
            MissingFileError: One is not there.
            DamagedValueError: One is another, or no longer what was written. It says of which partition.
        """

        def check(partition: str | None, content: str) -> None:
            path = self._path(context, partition)
            if not self.path_exists(path):
                raise _missing(context, partition, path)
            if not _is_local(path):
                found = entity_tag(path.fs, path.path)
                if found is not None and found != content:
                    raise another_value(context, partition, str(path))
                return
            final = str(path)
            if os.path.isdir(final):
                return
            try:
                if is_content_of(final, content):
                    return
                check_seal(final, what=partial(describe_value, context, partition))
            except FileNotFoundError:  # it went meanwhile
                raise _missing(context, partition, path) from None
            raise another_value(context, partition, f"file {final}")

        check_each(contents, check)

    # -- paths ---------------------------------------------------------------------------------

    def get_asset_relative_path(self, context: Any) -> UPath:
        """Return where an asset lies below the base path, without extension."""
        return self._relative(context)

    def get_op_output_relative_path(self, context: Any) -> UPath:
        """Return where the output of an op lies below the base path, without extension."""
        return self._relative(context)

    def _relative(self, context: Any) -> UPath:
        from upath import UPath  # imported by __init__ already

        return UPath(relative_path(value_key(context), extension=""))

    def _path(self, context: Any, partition: str | None) -> UPath:
        if context.has_asset_key:
            path = self._base_path / str(self.get_asset_relative_path(context))
        else:
            path = self._base_path / str(self.get_op_output_relative_path(context))
        if partition is not None:
            path = self._partition_path(context, path, partition)
        return path.with_name(path.name + self.extension) if self.extension else path

    def _partition_path(self, context: Any, path: UPath, partition: str) -> UPath:
        if type(self).get_path_for_partition is UPathIOManager.get_path_for_partition:
            # Not with "/" between the parts, which may stand in a part too.
            return self.make_safe_partition_path(path, partition)
        shown = "/".join(split_dimension_keys(partition)) if isinstance(partition, MultiPartitionKey) else partition
        return self.get_path_for_partition(context, path, shown)

    # -- messages ------------------------------------------------------------------------------

    def get_loading_input_log_message(self, path: UPath) -> str:
        """Return the line of the log that tells that a value is loaded."""
        return f"Loading file from: {path} using {type(self).__name__}..."

    def get_writing_output_log_message(self, path: UPath) -> str:
        """Return the line of the log that tells that a value is stored."""
        return f"Writing file at: {path} using {type(self).__name__}..."

    def get_loading_input_partition_log_message(self, path: UPath, partition_key: str) -> str:
        """Return the line of the log that tells that a partition is loaded."""
        return f"Loading partition {partition_key} from {path} using {type(self).__name__}..."

    def get_missing_partition_log_message(self, partition_key: str) -> str:
        """Return the line of the log that tells that a partition has no value and is left out."""
        return (
            f"No value of partition {partition_key} is stored; it is left out, since the metadata of the input allows "
            "missing partitions."
        )

    # -- storing -------------------------------------------------------------------------------

    def handle_output(self, context: Any, obj: Any) -> None:
        """
        Store *obj*; a local file is replaced when all of the new one is written.

        Raises:
            InvariantViolationError: Its file would stand where another asset has a directory; or it belongs to
                several partitions, and is no dictionary by partition key.
        """
        partitions = partitions_of_output(context)
        if len(partitions) != 1:
            self.dump_partitions(context, obj, [key for key in partitions if key is not None])
            return
        path, stored = self._store(context, obj, partitions[0])
        self._note(context, {partitions[0]: stored})
        context.add_output_metadata({"path": MetadataValue.path(str(path)), **self.get_metadata(context, obj)})

    def dump_partitions(self, context: Any, obj: Any, partition_keys: Sequence[str]) -> None:
        """
        Store what a run has made of several partitions; override it where a value holds them all.

        Args:
            context: The ``OutputContext``.
            obj: What the function returned: here a dictionary of the values by partition key.
            partition_keys: The partitions that the run makes, in order.

        Raises:
            InvariantViolationError: *obj* is no dictionary with a value for each of them.
        """
        values = values_by_partition(context, obj, partition_keys)
        stored = {key: self._store(context, values[key], key) for key in partition_keys}
        self._note(context, {key: each for key, (_, each) in stored.items()})
        context.add_output_metadata({"path": MetadataValue.path(str(stored[partition_keys[0]][0].parent))})

    def _note(self, context: Any, stored: Mapping[str | None, Seal | str | None]) -> None:
        """Tell the context what was stored of each partition: bytes with their seal, or what the store calls them."""
        seals = {key: each for key, each in stored.items() if isinstance(each, Seal)}
        if seals and len(seals) == len(stored):
            note_seals(context, seals, is_stable=self.is_stable)
        else:
            note_contents(context, {key: each for key, each in stored.items() if isinstance(each, str)})

    def _store(self, context: Any, obj: Any, partition: str | None) -> tuple[UPath, Seal | str | None]:
        path = self._path(context, partition)
        context.log.debug(self.get_writing_output_log_message(path))
        stored: Seal | str | None
        try:
            if _is_local(path):
                stored = self._dump_local(context, obj, path)
            else:
                self.make_directory(path.parent)
                self.dump_to_path(context=context, obj=obj, path=path)
                stored = entity_tag(path.fs, path.path)
        except (IsADirectoryError, NotADirectoryError) as error:
            raise InvariantViolationError(
                f"The value of {describe_value(context, partition)} cannot be stored at {path}: the key of another "
                f"value begins with its key, or its key with that ({error.strerror or error}).",
                mend=f"give {type(self).__name__} an extension, or one of the two another key.",
            ) from error
        if "~" in path.name and _is_local(self._base_path):
            write_notes(str(self._base_path), value_key(context, partition), extension=self.extension or "")
        return path, stored

    def _dump_local(self, context: Any, obj: Any, path: UPath) -> Seal | None:
        final = str(path)
        if os.path.isdir(final):
            # A table or the like that its writer changes in place, by rules of its own.
            self.dump_to_path(context=context, obj=obj, path=path)
            return None
        if type(self).make_directory is not UPathIOManager.make_directory:
            self.make_directory(path.parent)
        with whole_path(final) as temporary:
            self.dump_to_path(context=context, obj=obj, path=type(path)(temporary))
            if not os.path.isfile(temporary):
                return None
            seal = Seal.of_file(temporary)
            append_seal(final, seal, os.stat(temporary).st_mtime_ns)
            return seal

    # -- loading -------------------------------------------------------------------------------

    def load_input(self, context: Any) -> Any:
        """
        Return the stored value; for several partitions a dictionary by partition key.

        Raises:
            FileNotFoundError: No value is stored.
            DamagedValueError: A local file is not what was written.
        """
        if not context.has_asset_key or not context.has_asset_partitions:
            path = self._path(context, None)
            context.log.debug(self.get_loading_input_log_message(path))
            return _completed(self._load(context, path, None))
        if inspect.iscoroutinefunction(self.load_from_path):
            import asyncio  # 40 ms, and only IO managers that load asynchronously need it

            return asyncio.run(self.load_partitions_async(context))
        return self.load_partitions(context)

    def load_partitions(self, context: Any) -> Any:
        """
        Load the partitions that an input asks for; override it where one read gives several.

        Returns:
            The value of the one partition, or a dictionary of values by partition key.
        """
        return load_for_partitions(context, lambda key: self._load_partition(context, key), missing=FileNotFoundError)

    async def load_partitions_async(self, context: Any) -> Any:
        """Load the partitions that an input asks for, together."""
        import asyncio  # imported by who runs this

        keys = list(context.asset_partition_keys)
        loaded = await asyncio.gather(
            *(_awaited(self._load_partition, context, key) for key in keys), return_exceptions=True
        )
        values = dict(zip(keys, loaded, strict=True))

        def value_of(key: str | None) -> Any:
            value = values[key or ""]
            if isinstance(value, BaseException):
                raise value
            return value

        return load_for_partitions(context, value_of, missing=FileNotFoundError)

    def _load_partition(self, context: Any, partition: str | None) -> Any:
        path = self._path(context, partition)
        if partition is not None:
            context.log.debug(self.get_loading_input_partition_log_message(path, partition))
        try:
            return self._load(context, path, partition)
        except FileNotFoundError:
            if (context.definition_metadata or {}).get("allow_missing_partitions") and partition is not None:
                context.log.warning(self.get_missing_partition_log_message(partition))
            raise

    def _load(self, context: Any, path: UPath, partition: str | None) -> Any:
        source = self._checked(context, path, partition)
        place = source.place
        try:
            value = self.load_from_path(context=context, path=place)
        except FileNotFoundError:
            if str(place) == str(path):
                raise
            value = self.load_from_path(context=context, path=path)  # it got its name in the meantime
        if inspect.iscoroutine(value):
            return _noted_after(value, context, partition, source)
        note_read(context, partition, source, value)
        return value

    def _checked(self, context: Any, path: UPath, partition: str | None) -> _Source:
        """Return where a value is to be read, once it is known to be there and to be whole; elsewhere the store says so."""
        if not _is_local(path):
            return _Source(path, path, entity_tag(path.fs, path.path) if context.has_asset_key else None, None)
        final = str(path)
        if not is_stored(final):
            raise _missing(context, partition, path)
        state, seal = None, None
        if not os.path.isdir(final):
            state = _state_of(final)
            seal = check_seal(final, what=lambda: describe_value(context, partition))
        return _Source(path, type(path)(place_to_read(final)), None if seal is None else seal.content, state)


class _Source(NamedTuple):
    """
    A value that is about to be read.

    Attributes:
        path: Its path.
        place: Where it is read from: its path, or the file that is staged for it.
        content: The name of what lies there; None if nobody can tell.
        state: What tells its file from another one of the same name.
    """

    path: UPath
    place: UPath
    content: str | None
    state: tuple[int, int, int] | None


def _state_of(path: str) -> tuple[int, int, int] | None:
    """Return what tells the file of *path*, staged or published, from another one; a new name alone changes nothing of it."""
    for place in (place_to_read(path), path):  # what was staged may get its name in the meantime
        try:
            found = os.stat(place)
        except OSError:
            continue
        return found.st_ino, found.st_mtime_ns, found.st_size
    return None


def note_read(context: Any, partition: str | None, source: _Source, value: Any) -> None:
    """
    Note what was read: what lay there, if that still lies there; else nobody knows which of the two it was.

    Nothing is noted of a value that is read later, as a lazy frame is.
    """
    if source.content is None or any(hasattr(type(value), name) for name in _READ_LATER):
        return
    path = source.path
    if _is_local(path):
        is_same = source.state is not None and _state_of(str(path)) == source.state
    else:
        is_same = entity_tag(path.fs, path.path) == source.content
    note_contents(context, {partition: source.content if is_same else _UNKNOWN})


async def _noted_after(loading: Coroutine[Any, Any, Any], context: Any, partition: str | None, source: _Source) -> Any:
    value = await loading
    note_read(context, partition, source, value)
    return value


def _missing(context: Any, partition: str | None, path: UPath) -> MissingFileError:
    name = describe_value(context, partition)
    return MissingFileError(f"No value of {name} is stored (no file {path}).", mend=f"materialize {name} first.")


def _is_local(path: UPath) -> bool:
    return path.protocol in _LOCAL


def _completed(value: Any) -> Any:
    """Return *value*, or what it comes to if it is a coroutine."""
    if not inspect.iscoroutine(value):
        return value
    import asyncio  # 40 ms, and only IO managers that load asynchronously need it

    return asyncio.run(value)


async def _awaited(load: Callable[..., Any], *args: Any) -> Any:
    value = load(*args)
    return await value if isinstance(value, Coroutine) else value
