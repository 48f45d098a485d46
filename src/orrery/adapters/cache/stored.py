"""
Values in a content-addressed store, equal ones once: in a folder, in an object store, shared between machines.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from orrery.adapters.cache.blobs import BlobStore, Pointer, open_store
from orrery.adapters.cache.formats import check_format, decode, encode_as, table_of
from orrery.adapters.cache.logged import is_by_a_stranger, is_of_another_run, latest_of
from orrery.adapters.cache.signing import Signing, check_signature, instance_of, signed
from orrery.base.errors import DamagedValueError, UntrustedValueError, ValueNotFoundError
from orrery.base.keys import AssetKey
from orrery.base.metadata import MetadataValue
from orrery.base.names import key_path, labelled_part
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.contexts.stored_values import (
    another_value,
    check_each,
    describe_value,
    load_for_partitions,
    note_contents,
    partitions_of_output,
    values_by_partition,
)
from orrery.runtime.instance.value_key import ValueKey
from orrery.runtime.resources.env_var import EnvVar

__all__ = ["BlobIOManager", "MissingBlobError", "name_of"]


class MissingBlobError(ValueNotFoundError, FileNotFoundError):
    """A value was asked for that is not in the store, or whose bytes are gone or damaged there."""

    code = "value-not-found"


class BlobIOManager(IOManager):
    """
    Store values in a content-addressed store.

    Args:
        location: A path, a URL that fsspec knows (``s3://bucket/prefix``), or one of these behind ``cas://``.
        format: ``parquet``, ``arrow``, ``csv``, ``json``, ``numpy``, ``text``, ``bytes`` or ``pickle``; by default the
            one that fits the type of each value.
        options: Options of the file system.
        key: The environment variable with the key that signs pickles, for a store that several instances share; by
            default each signs with its own, and loads only what it signed.
        allow_unsigned: Whether pickles are loaded that nobody signed with the key; by default what the settings of the
            instance and the environment say.

    Raises:
        InvalidDefinitionError: The key is a text in the code.

    Example::

        Definitions(assets=[orders], resources={"io_manager": BlobIOManager("s3://bucket/values")})
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | BlobStore,
        format: str | None = None,
        options: dict[str, Any] | None = None,
        *,
        key: EnvVar | None = None,
        allow_unsigned: bool | None = None,
    ) -> None:
        self.store = open_store(location, options)
        self.format = check_format(format)
        self.signing = Signing(f"the store at {self.store.url}", key, allow_unsigned)

    def handle_output(self, context: Any, obj: Any) -> None:
        """
        Store *obj*; the value before it stands until all of the new one is there.

        Raises:
            InvariantViolationError: The format cannot hold it, or it belongs to several partitions and is no
                dictionary by partition key.
            RemoteValueError: The place is out of reach, or refuses it.
        """
        partitions = partitions_of_output(context)
        values: Mapping[Any, Any] = (
            {partitions[0]: obj} if len(partitions) == 1 else values_by_partition(context, obj, partitions)
        )
        pointers = [self._store(context, values[partition], partition) for partition in partitions]
        note_contents(context, {key: each.digest for key, each in zip(partitions, pointers, strict=True)})
        note = getattr(context, "note_content", None)
        if note is not None:
            versions = [_content_of(each) for each in pointers]
            note(
                digest_of_all(versions),
                is_stable=all(each.format != "pickle" for each in pointers),
                by_partition=dict(zip(partitions, versions, strict=True)),
            )
        place = (
            self.store.blob_url(pointers[0].digest)
            if len(pointers) == 1
            else self.store.name_url(name_of(context, None))
        )
        context.add_output_metadata(
            {"path": MetadataValue.path(place), "size_bytes": sum(each.length for each in pointers)}
        )

    def _store(self, context: Any, value: Any, partition: str | None) -> Pointer:
        form, data = encode_as(value, self.format)
        key = self.signing.key_for(instance_of(context))
        return self.keep(
            name_of(context, partition), data, form, run_id=run_of(context), key=key, table=table_of(value)
        )

    def keep(
        self,
        name: str,
        data: bytes,
        form: str,
        *,
        run_id: str | None,
        version: str | None = None,
        key: ValueKey | None = None,
        table: str = "",
    ) -> Pointer:
        """Keep *data* under *name*, signed with *key* if it is a pickle, and return the pointer."""
        digest = self.store.put(data)
        pointer = Pointer(
            digest=digest,
            length=len(data),
            format=form,
            at=time.time(),
            run_id=run_id,
            data_version=version,
            table=table,
        )
        pointer = signed(pointer, name, key)
        self.store.write_pointer(name, pointer)
        return pointer

    def load_input(self, context: Any) -> Any:
        """
        Return the stored value; for several partitions a dictionary by partition key.

        Raises:
            MissingBlobError: There is none, or its bytes are gone or damaged.
            UntrustedValueError: It is a pickle that was not signed with the key.
            RemoteValueError: The place is out of reach, or refuses it.
        """
        wanted = wanted_type(context)
        key = self.signing.key_for(instance_of(context))

        def load(partition: str | None) -> Any:
            pointer, data = self.fetch(
                name_of(context, partition),
                what=lambda: describe_value(context, partition),
                key=key,
                is_by_a_stranger=lambda pointer: is_by_a_stranger(context, partition, pointer),
            )
            note_contents(context, {partition: pointer.digest})
            return decode(data, pointer.format, wanted, table=pointer.table)

        return load_for_partitions(context, load, missing=ValueNotFoundError)

    def fetch(
        self,
        name: str,
        *,
        what: Callable[[], str],
        key: ValueKey | None = None,
        is_by_a_stranger: Callable[[Pointer], bool] = lambda pointer: False,
    ) -> tuple[Pointer, bytes]:
        """
        Return what *name* points at, and its bytes; a pickle only if it was signed with *key*.

        Raises:
            MissingBlobError: There is nothing, its bytes are gone or damaged, or a stranger stored it.
        """
        pointer = self.store.read_pointer(name)
        if pointer is None:
            raise self._lacking(name, what)
        check_signature(pointer, name, key, what=what(), place=self.store.name_url(name))
        if is_by_a_stranger(pointer):
            raise self._strange(name, what, pointer)
        data = self.store.get(pointer.digest)
        if data is None:
            raise self._gone(what, pointer)
        return pointer, data

    def _lacking(self, name: str, what: Callable[[], str]) -> MissingBlobError:
        return MissingBlobError(
            f"No value of {what()} is stored (there is no {self.store.name_url(name)}).",
            mend=f"materialize {what()} first.",
        )

    def _strange(self, name: str, what: Callable[[], str], pointer: Pointer) -> MissingBlobError:
        return MissingBlobError(
            f"The stored value of {what()} is not the one that the event log knows: run {str(pointer.run_id)[:8]}, which "
            f"this instance does not know, stored another since ({self.store.name_url(name)}). If that is to count, "
            "`orrery cache push` there and `orrery cache pull` here.",
            mend=f"materialize {what()} again.",
        )

    def _gone(self, what: Callable[[], str], pointer: Pointer) -> MissingBlobError:
        return MissingBlobError(
            f"The stored value of {what()} is damaged or gone ({self.store.blob_url(pointer.digest)}).",
            mend=f"materialize {what()} again.",
        )

    def has_output(self, context: Any) -> bool:
        """
        Tell whether the value that the event log knows is stored for the output of *context*.

        Raises:
            UntrustedValueError: One is a pickle that a run of the instance has stored, and that was not signed with the key.
            DamagedValueError: Its signature is that of another value.
        """
        key = self.signing.key_for(instance_of(context))
        return all(self._has(context, partition, key) for partition in partitions_of_output(context))

    def check_content(self, context: Any, contents: Mapping[str | None, str]) -> None:
        """
        Check that the names stand for the values that were noted, without reading these.

        Args:
            context: The ``InputContext`` or ``OutputContext``.
            contents: The digest that was noted of each partition; of None for a value without.

        Raises:
            MissingBlobError: There is none, its bytes are gone, or a run that the instance does not know stored another.
            UntrustedValueError: It is a pickle that was not signed with the key.
            DamagedValueError: Another run of the instance stored another. It says of which partition.
        """
        key = self.signing.key_for(instance_of(context))

        def check(partition: str | None, content: str) -> None:
            name, what = name_of(context, partition), partial(describe_value, context, partition)
            pointer = self.store.read_pointer(name)
            if pointer is None:
                raise self._lacking(name, what)
            if pointer.digest != content:
                if is_by_a_stranger(context, partition, pointer):
                    raise self._strange(name, what, pointer)
                raise another_value(context, partition, self.store.name_url(name))
            check_signature(pointer, name, key, what=what(), place=self.store.name_url(name))
            if not self.store.has(content):
                raise self._gone(what, pointer)

        check_each(contents, check)

    def check_output(self, context: Any) -> None:
        """
        Check the bytes of the value that is stored for the output of *context*; whose it is, :meth:`check_content` says.

        Raises:
            MissingBlobError: There is none, or its bytes are gone.
            DamagedValueError: They are not what was written. It says of which partition.
        """

        def check(partition: str | None, _: str) -> None:
            name, what = name_of(context, partition), partial(describe_value, context, partition)
            pointer = self.store.read_pointer(name)
            if pointer is None:
                raise self._lacking(name, what)
            if self.store.holds(pointer, is_verified=True):
                return
            if not self.store.has(pointer.digest):
                raise self._gone(what, pointer)
            place = self.store.blob_url(pointer.digest)
            raise DamagedValueError(
                f"The stored value of {what()} ({place}) is damaged: its bytes are not those that were written.",
                mend=f"materialize {what()} again.",
            )

        check_each(dict.fromkeys(partitions_of_output(context), ""), check)

    def _has(self, context: Any, partition: str | None, key: ValueKey | None) -> bool:
        name = name_of(context, partition)
        pointer = self.store.read_pointer(name)
        if pointer is None or is_of_another_run(pointer, latest_of(context, partition)):
            return False
        try:
            what = describe_value(context, partition)
            check_signature(pointer, name, key, what=what, place=self.store.name_url(name))
        except UntrustedValueError:
            # What was pulled from another machine counts as it does there; who loads it is told how to share a key.
            if instance_of(context).get_run_by_id(pointer.run_id) is not None:
                raise
        return self.store.has(pointer.digest)


def name_of(context: Any, partition: str | None) -> str:
    """Return the name of the value of *context* in a store."""
    if not context.has_asset_key:
        source = getattr(context, "upstream_output", None) or context
        return key_path([*source.get_identifier()])
    return name_for(context.asset_key, partition)


def name_for(key: AssetKey, partition: str | None) -> str:
    """Return the name of the value of an asset, or of one of its partitions, in a store."""
    path = key_path(list(key.parts))
    return path if partition is None else f"{path}/{labelled_part('partition', partition)}"


def run_of(context: Any) -> str | None:
    """Return the run that gives the output of *context*; None outside of one."""
    step = getattr(context, "_step_context", None)
    return step.run_id if step is not None else getattr(context, "_run_id", None)


def wanted_type(context: Any) -> Any:
    """Return the type with which the input is annotated."""
    return getattr(getattr(context, "dagster_type", None), "typing_type", None)


def digest_of_all(digests: Sequence[str]) -> str:
    """Return one digest for several: of one, itself."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _content_of(pointer: Pointer) -> str:
    """Return a digest of the value that a pointer stands for: the same bytes, read otherwise, are another value."""
    return hashlib.sha256(f"{pointer.format}|{pointer.table}|{pointer.digest}".encode()).hexdigest()
