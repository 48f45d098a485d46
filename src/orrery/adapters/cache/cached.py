"""
A local cache over any IO manager or location, which decides by age, version and digest where to load from.

What is stored goes to the remote place first and then into the cache. What is loaded comes from the cache if the copy
there is young enough, is the version that the event log calls the latest, and has its digest; else from the remote place,
by one process at a time, and is kept. The log says for each load where it came from, and why.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

import msgspec

from orrery.adapters.cache.blobs import BlobStore, Pointer, open_store
from orrery.adapters.cache.copies import Copies, size_text, trouble_of
from orrery.adapters.cache.formats import check_format, decode, encode_as, table_of
from orrery.adapters.cache.freshness import Known, choose
from orrery.adapters.cache.logged import is_by_a_stranger, is_of_another_run, latest_of
from orrery.adapters.cache.signing import Signing, check_signature, instance_of, signed
from orrery.adapters.cache.stored import (
    BlobIOManager,
    name_of,
    run_of,
    wanted_type,
)
from orrery.base.errors import (
    DamagedValueError,
    InvalidDefinitionError,
    RemoteValueError,
    UntrustedValueError,
    UnusableValueError,
    ValueNotFoundError,
)
from orrery.definitions.parts.io_manager import IOManager, IOManagerDefinition
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.runtime.contexts.init_resource import InitResourceContext
from orrery.runtime.contexts.stored_values import (
    describe_value,
    load_for_partitions,
    note_contents,
    partitions_of_output,
    values_by_partition,
)
from orrery.runtime.resources.env_var import EnvVar

__all__ = ["CachedIOManager"]

_LET_GO = "made room for others"
_SILENT_SECONDS = 10.0
"""For so long a remote place is not asked again what is stored, once it was out of reach and copies may be used instead."""
_ANOTHER = "another"
"""Stands for the digest of what lies in the remote place, where that is not what a copy is of."""


class CachedIOManager(IOManager):
    """
    Keep copies of values on the local disk, over a remote place.

    Args:
        remote: Where values lie: an IO manager, also one that a run makes (``FilesystemIOManager(base_dir="data")``, an
            ``@io_manager``), a path, or a URL that fsspec knows (``s3://bucket/prefix``).
        local: The folder of the cache.
        ttl: How old a copy may become: a ``timedelta`` or seconds; None for any age.
        verify: Whether the digest of a copy is checked at each load (``digest``), or only when it is written (``none``);
            that of a pickle always is.
        max_bytes: How much the cache may hold; what was not used for longest goes.
        single_flight: Whether a value that several processes need is fetched by one of them.
        format: Format of what is kept; by default the one that fits the type of each value.
        offline: What to do where the remote place is out of reach: ``use`` the copy, if there is one, whatever its age,
            and say so; or ``fail``.
        options: Options of the file system of *remote*, if that is a location.
        clock: Tells the time, in seconds since 1970.
        key: The environment variable with the key that signs pickles, for a remote place that several instances share;
            by default each signs with its own, and loads only what it signed.
        allow_unsigned: Whether pickles are loaded that nobody signed with the key; by default what the settings of the
            instance and the environment say.

    Raises:
        InvalidDefinitionError: An argument is none of its choices; or *remote* is a ``BlobIOManager``, which has these
            two itself.

    Example::

        CachedIOManager("s3://bucket/values", local=".cache", ttl=timedelta(hours=24), max_bytes=10_000_000_000)
    """

    def __init__(
        self,
        remote: IOManager | BlobStore | str | os.PathLike[str],
        local: str | os.PathLike[str],
        *,
        ttl: timedelta | float | None = None,
        verify: str = "digest",
        max_bytes: int | None = None,
        single_flight: bool = True,
        format: str | None = None,
        offline: str = "fail",
        options: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.time,
        key: EnvVar | None = None,
        allow_unsigned: bool | None = None,
    ) -> None:
        if verify not in ("digest", "none") or offline not in ("use", "fail"):
            raise InvalidDefinitionError(
                f"CachedIOManager(verify={verify!r}, offline={offline!r}): there is no such choice.",
                mend="write verify='digest' or 'none', and offline='use' or 'fail'.",
            )
        self.remote: Any = remote
        made_by_run = _definition_of(remote)
        if isinstance(remote, str | os.PathLike | BlobStore):
            self.remote = BlobIOManager(remote, format, options, key=key, allow_unsigned=allow_unsigned)
        elif isinstance(remote, type) or (made_by_run is None and not hasattr(remote, "load_input")):
            raise InvalidDefinitionError(
                f"The remote place of a cache is given as a {type(remote).__name__}, which is no place, and no IO manager.",
                mend="give a path, a URL, an IO manager, or what a run makes one of.",
            )
        elif made_by_run is not None and made_by_run.config_field.is_required:
            raise InvalidDefinitionError(
                f"The remote place of a cache, a {type(remote).__name__}, wants config of the run, and a cache has none.",
                mend="give it its values: MyIOManager(base_dir=EnvVar('DIR')), or my_io_manager.configured({...}).",
            )
        elif isinstance(remote, BlobIOManager) and (key is not None or allow_unsigned is not None):
            raise InvalidDefinitionError(
                f"The cache of the store at {remote.store.url} has a key or allow_unsigned of its own, and shares those of the store.",
                mend="give them to the BlobIOManager.",
            )
        if not isinstance(local, str | os.PathLike):
            raise InvalidDefinitionError(
                f"CachedIOManager(local={local!r}): that is no folder.",
                mend="give the path of the folder of the cache.",
            )
        self.store: BlobStore = open_store(local)
        self.signing: Signing = (
            self.remote.signing
            if isinstance(self.remote, BlobIOManager)
            else Signing(f"the cache at {self.store.url}", key, allow_unsigned)
        )
        if not self.store.is_local:
            raise InvalidDefinitionError(
                f"The cache lies at {self.store.url}, which is no local folder.", mend="give a path as local=."
            )
        if isinstance(self.remote, BlobIOManager) and self.remote.store.url == self.store.url:
            raise InvalidDefinitionError(
                f"The cache and its remote place are the same folder, {self.store.url}.", mend="give another as local=."
            )
        self.ttl_seconds = _checked("ttl", ttl.total_seconds() if isinstance(ttl, timedelta) else ttl, "an age")
        _checked("max_bytes", max_bytes, "a whole number of bytes", int)
        self.verify = verify
        self.max_bytes = max_bytes
        self.single_flight = single_flight
        self.format = check_format(format)
        self.offline = offline
        self._clock = clock
        self._copies = Copies(self.store, max_bytes, single_flight)
        self._silent_until = -math.inf

    def as_hardcoded_definition(self) -> ResourceDefinition:
        """Return the definition of this cache; a remote place that a run makes is made before it, and closed after it."""
        made_by_run = _definition_of(self.remote)
        return super().as_hardcoded_definition() if made_by_run is None else _CacheOverMade(self, made_by_run)

    def over(self, remote: Any) -> CachedIOManager:
        """Return the same cache over *remote*, which a run has made."""
        if not (hasattr(remote, "handle_output") and hasattr(remote, "load_input")):
            raise InvalidDefinitionError(
                f"The remote place of the cache at {self.store.url} has come out as a {type(remote).__name__}, which is no IO manager.",
                mend="give one that has handle_output and load_input.",
            )
        found = copy.copy(self)
        found.remote = remote
        return found

    @property
    def format_name(self) -> str:
        """Return what is recorded as the way in which values are stored: that of the remote place."""
        return type(self.remote).__name__

    # -- storing -------------------------------------------------------------------------------

    def handle_output(self, context: Any, obj: Any) -> Any:
        """Store *obj* in the remote place, then keep a copy."""
        result = self.remote.handle_output(context, obj)
        if inspect.isawaitable(result):
            return self._after(result, context, obj)
        if inspect.isgenerator(result):
            return self._events(result, context, obj)
        self._keep_output(context, obj)
        return result

    async def _after(self, result: Any, context: Any, obj: Any) -> None:
        await result
        self._keep_output(context, obj)

    def _events(self, result: Iterator[Any], context: Any, obj: Any) -> Iterator[Any]:
        yield from result
        self._keep_output(context, obj)

    def _keep_output(self, context: Any, obj: Any) -> None:
        partitions = partitions_of_output(context)
        values: Mapping[Any, Any] = (
            {partitions[0]: obj} if len(partitions) == 1 else values_by_partition(context, obj, partitions)
        )
        for partition in partitions:
            content = _content_in(context, partition)
            self._keep(context, name_of(context, partition), values[partition], Known(run_of(context)), content)

    def _keep(self, context: Any, name: str, value: Any, known: Known | None, content: str) -> Pointer:
        form, data = encode_as(value, self.format)
        pointer = Pointer(
            digest=hashlib.sha256(data).hexdigest(),
            length=len(data),
            format=form,
            at=self._clock(),
            run_id=known.run_id if known is not None else None,
            data_version=known.data_version if known is not None else None,
            table=table_of(value),
            content=content,
        )
        pointer = signed(pointer, name, self.signing.key_for(instance_of(context)))
        self._copies.keep(context, name, pointer, data)
        return pointer

    def has_output(self, context: Any) -> bool:
        """
        Tell whether the remote place has a value for the output of *context*; with ``offline="use"``, where it is out of reach,
        whether there are copies.

        Raises:
            RemoteValueError: The remote place is out of reach, and copies may not be used.
        """
        look = getattr(self.remote, "has_output", None)
        return True if look is None else self._asked(context, lambda: bool(look(context)))

    def _asked(self, context: Any, ask: Callable[[], bool]) -> bool:
        """Return what the remote place says; with ``offline="use"``, where it is out of reach, whether there are copies."""
        if self._clock() < self._silent_until:
            return self._has_copies(context)
        try:
            return ask()
        except RemoteValueError as error:
            if self.offline != "use" or not error.is_out_of_reach:
                raise
            self._silent_until = self._clock() + _SILENT_SECONDS
            context.log.warning(f"whether values are stored is told by the local copies: {error.args[0]}")
            return self._has_copies(context)

    def check_content(self, context: Any, contents: Mapping[str | None, str]) -> None:
        """
        Check that the remote place has the values that were noted, if it can tell; where it is out of reach, as ``has_output``.

        Raises:
            ValueNotFoundError: One is not there.
            DamagedValueError: Something else lies in its place.
            RemoteValueError: The remote place is out of reach, and copies may not be used.
        """
        check = getattr(self.remote, "check_content", None)

        def is_there() -> bool:
            assert check is not None
            check(context, contents)
            return True

        if not (self.has_output(context) if check is None else self._asked(context, is_there)):
            name = describe_value(context)
            raise ValueNotFoundError(f"No value of {name} is stored.", mend=f"materialize {name} first.")

    def check_output(self, context: Any) -> None:
        """
        Check the bytes of the value: of its copies, or, where one is not there or not whole, of what the remote place has, if it can tell.

        Raises:
            ValueNotFoundError: The remote place has none.
            DamagedValueError: What it has is not what was written.
            RemoteValueError: It is out of reach, and copies may not be used.
        """
        check = getattr(self.remote, "check_output", None)
        if check is None or self._has_copies(context, are_verified=True):
            return

        def is_whole() -> bool:
            assert check is not None
            check(context)
            return True

        self._asked(context, is_whole)

    def _has_copies(self, context: Any, *, are_verified: bool = False) -> bool:
        for partition in partitions_of_output(context):
            here = self._copies.pointer(context, name_of(context, partition))
            if (
                here is None
                or is_of_another_run(here, latest_of(context, partition))
                or not (self.store.holds(here, is_verified=True) if are_verified else self.store.has(here.digest))
            ):
                return False
        return True

    # -- loading -------------------------------------------------------------------------------

    def load_input(self, context: Any) -> Any:
        """
        Return the value from the cache, or else from the remote place; for several partitions a dictionary.

        Raises:
            RemoteValueError: The remote place is out of reach, and no copy may be used.
        """
        if not isinstance(self.remote, BlobIOManager):  # which looks at the name alone
            if context.definition_metadata or context.config:
                context.log.info(
                    f"{describe_value(context)}: remote {type(self.remote).__name__}, because the input has metadata or "
                    "config, and copies are of what is loaded without"
                )
                return self.remote.load_input(context)
            if _asks_for_several(context):
                return self._load_together(context)
        return load_for_partitions(
            context, lambda partition: self._load(context, partition), missing=ValueNotFoundError
        )

    def _load(self, context: Any, partition: str | None) -> Any:
        name = name_of(context, partition)
        what = describe_value(context, partition)
        with self._copies.alone(context, name):
            here = self._copies.pointer(context, name)
            unreachable: RemoteValueError | None = None
            try:
                known = self._known(context, name, partition, here)
            except RemoteValueError as error:
                known, unreachable = None, error
            choice = choose(here, known, ttl_seconds=self.ttl_seconds, now=self._clock())
            reason = choice.reason
            if choice.source == "local" and unreachable is None and here is not None:
                data, trouble = self._local(context, name, here, what)
                if data is not None:
                    checked = ", digest ok" if self._checks(here) else ""
                    context.log.info(f"{what}: local, {choice.reason}{checked}")
                    self._note_loaded(context, partition, here)
                    return decode(data, here.format, wanted_type(context), table=here.table)
                if trouble != _LET_GO:
                    context.log.warning(f"{what}: the local copy {trouble}; it is fetched again")
                reason = f"the copy {trouble}"
            try:
                if unreachable is not None:
                    raise unreachable
                return self._remote(context, name, partition, what, reason, known)
            except RemoteValueError as error:
                return self._offline(context, name, partition, here, what, error)

    def _remote(
        self, context: Any, name: str, partition: str | None, what: str, reason: str, known: Known | None
    ) -> Any:
        started = time.perf_counter()
        if isinstance(self.remote, BlobIOManager):
            key = self.signing.key_for(instance_of(context))
            pointer, data = self.remote.fetch(
                name,
                what=lambda: what,
                key=key,
                is_by_a_stranger=lambda pointer: is_by_a_stranger(context, partition, pointer),
            )
            value = decode(data, pointer.format, wanted_type(context), table=pointer.table)
            kept = msgspec.structs.replace(pointer, at=self._clock())  # with the signature of who made it
            self._copies.keep(context, name, kept, data)
            place = self.remote.store.url
            self._note_loaded(context, partition, pointer)
        else:
            value = self.remote.load_input(context)
            kept = self._keep(context, name, value, known, _content_in(context, partition))
            place = type(self.remote).__name__
        taken = time.perf_counter() - started
        context.log.info(f"{what}: remote {place}, {size_text(kept.length)} in {taken:.1f} s, because {reason}")
        return value

    def _offline(
        self, context: Any, name: str, partition: str | None, here: Pointer | None, what: str, error: RemoteValueError
    ) -> Any:
        if self.offline != "use" or not error.is_out_of_reach or here is None:
            raise error
        data, trouble = self._local(context, name, here, what)
        if data is None:
            context.log.warning(f"{what}: the local copy {trouble}")
            raise error
        age = max(0.0, self._clock() - here.at)
        context.log.warning(
            f"{what}: local, {age:.0f} s old, because the remote place is out of reach: {error.args[0]}"
        )
        self._note_loaded(context, partition, here)
        return decode(data, here.format, wanted_type(context), table=here.table)

    def _load_together(self, context: Any) -> Any:
        """Load several partitions from an IO manager that gives them all at once."""
        names = {key: name_of(context, key) for key in context.asset_partition_keys}
        found: dict[str, Any] = {}
        copies: dict[str, Pointer] = {}
        for key, name in names.items():
            here = self._copies.pointer(context, name)
            known = self._known(context, name, key, here)
            if here is None or choose(here, known, ttl_seconds=self.ttl_seconds, now=self._clock()).source == "remote":
                break
            data, _ = self._local(context, name, here, describe_value(context, key))
            if data is None:
                break
            found[key] = decode(data, here.format, wanted_type(context), table=here.table)
            copies[key] = here
        if len(found) == len(names):
            for key, here in copies.items():
                self._note_loaded(context, key, here)
            context.log.info(f"{describe_value(context)}: local, {len(found)} partitions")
            return found
        values = self.remote.load_input(context)
        if isinstance(values, dict):
            for key, value in values.items():
                if key in names:
                    known = self._known(context, names[key], key)
                    self._keep(context, names[key], value, known, _content_in(context, key))
        context.log.info(f"{describe_value(context)}: remote {type(self.remote).__name__}, {len(names)} partitions")
        return values

    def _note_loaded(self, context: Any, partition: str | None, pointer: Pointer) -> None:
        """Note what was loaded, by the name that the remote place has noted for it."""
        content = pointer.content or (pointer.digest if isinstance(self.remote, BlobIOManager) else "")
        if content:
            note_contents(context, {partition: content})

    def _checks(self, here: Pointer) -> bool:
        return self.verify == "digest" or here.format == "pickle"  # what is signed is the digest

    def _local(self, context: Any, name: str, here: Pointer, what: str) -> tuple[bytes | None, str]:
        """Return the bytes of a copy, or none and what is wrong with it."""
        try:
            key = self.signing.key_for(instance_of(context))
            check_signature(here, name, key, what=what, place=self.store.name_url(name))
        except UntrustedValueError:
            return None, "was not signed with the key of this instance"
        except DamagedValueError:
            return None, "has the signature of another value"
        data: bytes | None = None
        try:
            if self._checks(here):
                data = self.store.get(here.digest)
            else:
                with open(self.store.blob_path(here.digest), "rb") as file:
                    data = file.read()
        except FileNotFoundError:
            pass  # as is said below
        except (OSError, RemoteValueError) as error:
            return None, f"cannot be read ({trouble_of(error)})"
        if data is not None:
            self.store.touch(here.digest)
            return data, ""
        if self.store.has(here.digest):
            return None, "is damaged"
        return None, "is gone" if self.max_bytes is None else _LET_GO

    def _known(self, context: Any, name: str, partition: str | None, here: Pointer | None = None) -> Known | None:
        """Return what the event log says of the value; else what the remote place says, which may be asked of a copy."""
        if context.has_asset_key:
            logged = latest_of(context, partition)
            if logged is not None:
                return Known(logged.run_id, logged.data_version, content=logged.content)
        else:
            source = getattr(context, "upstream_output", None)
            return Known(run_id=source.run_id) if source is not None else None
        if isinstance(self.remote, BlobIOManager):
            pointer = self.remote.store.read_pointer(name)
            if pointer is not None:
                return Known(pointer.run_id, pointer.data_version, pointer.digest)
            return None if self.remote.store.has_name(name) else Known(digest=_ANOTHER)
        check = getattr(self.remote, "check_content", None)
        if check is not None and here is not None and here.content:
            try:
                check(context, {partition: here.content})
            except (UnusableValueError, UntrustedValueError):
                return Known(digest=_ANOTHER)
        return None


class _CacheOverMade(IOManagerDefinition):
    """
    How a run makes a cache over an IO manager that it makes, too.

    Args:
        cache: The cache, as it was written.
        remote: How the IO manager is made.

    Attributes:
        cache: The same.
    """

    __slots__ = ("_remote", "cache")

    def __init__(self, cache: CachedIOManager, remote: ResourceDefinition) -> None:
        super().__init__(self._open)
        self.cache = cache
        self._remote = remote

    @property
    def nested_resources(self) -> Mapping[str, Any]:
        """Return what is made before."""
        return {"remote": self._remote if isinstance(self.cache.remote, CachedIOManager) else self.cache.remote}

    def get_required_resource_keys(self, resource_defs: Mapping[str, ResourceDefinition]) -> frozenset[str]:
        """Return what has to be made before the remote place."""
        return self._remote.get_required_resource_keys(resource_defs)

    def _open(self, context: InitResourceContext) -> CachedIOManager:
        return self.cache.over(context.opened.open_nested("remote", self._remote, self.cache.remote, context))


def _definition_of(remote: Any) -> ResourceDefinition | None:
    """Return how a run makes *remote*; None if it is there before."""
    if isinstance(remote, ResourceDefinition):
        return remote
    if isinstance(remote, type):
        return None
    if isinstance(remote, CachedIOManager):
        own = remote.as_hardcoded_definition()
        return own if isinstance(own, _CacheOverMade) else None
    make = getattr(remote, "get_resource_definition", None)
    return None if make is None else cast(ResourceDefinition, make())


def _content_in(context: Any, partition: str | None) -> str:
    """Return the name that the remote place has noted in *context* for what it stored or loaded; empty if it noted none."""
    contents: Mapping[str | None, str] | None = getattr(context, "_contents", None)
    return "" if contents is None else contents.get(partition, "")


def _asks_for_several(context: Any) -> bool:
    return bool(context.has_asset_key and context.has_asset_partitions and len(list(context.asset_partition_keys)) > 1)


def _checked(name: str, value: Any, what: str, kinds: Any = int | float) -> Any:
    """Return *value*, if it is none or a number of one of these kinds that is not negative."""
    if value is None or (isinstance(value, kinds) and not isinstance(value, bool) and value >= 0):
        return value
    raise InvalidDefinitionError(
        f"CachedIOManager({name}={value!r}): that is not {what}.",
        mend=f"leave {name}= out, or give {what} of zero or more.",
    )
