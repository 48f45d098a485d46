"""
The key with which an instance signs the pickles that it stores.

A pickle runs code when it is loaded; only what the instance itself wrote is. The key is made once, in the instance's
directory, readable by its owner only. Instances that share stored values share the key by the settings::

    values:
      key: {env: ORRERY_VALUES_KEY}     # any text; instead of the file
      allow_unsigned: true              # load what is not signed with the key: whoever writes there is trusted

Without the second setting, what nobody signed and what another instance signed is refused, wherever it lies. The variable
``ORRERY_ALLOW_UNSIGNED`` and the argument ``allow_unsigned`` of an IO manager say the same for one process and one folder.

Runs without an instance of their own sign with a key that lives as long as their process: whoever loads their values there,
with an instance or without, knows them. They load what they find.

Other processes of a run sign with the same key. Those of this machine find it in the directory; a process that a step
launcher started is told where it finds it (:class:`KeyPlace`), and never the key itself; tasks of an engine get it from
their run (``runtime/remote/handshake.py``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from orrery.base.errors import StorageError, UntrustedValueError

if TYPE_CHECKING:
    import hmac

__all__ = [
    "ALLOW_VARIABLE",
    "KeyPlace",
    "ValueKey",
    "allows_unsigned_here",
    "check_value_settings",
    "find_key_at",
    "place_of_key",
    "signature_with",
    "take_key",
    "untrusted",
    "value_key_of",
    "value_key_with",
]

ALLOW_VARIABLE = "ORRERY_ALLOW_UNSIGNED"
"""Environment variable: ``true`` lets a process load pickles that its instance did not sign."""

_FILE = "values.key"
_BYTES = 32
_KEPT = "value_key"
_PLACE = "value_key_place"


class ValueKey(msgspec.Struct, frozen=True):
    """
    How pickles are signed, and which are loaded.

    Attributes:
        secret: The key.
        allows_others: Whether pickles are loaded that nobody signed, or another instance.
        process: The key of runs without an instance in this process, whose pickles are loaded, too.
    """

    secret: bytes
    allows_others: bool = False
    process: bytes = b""

    @property
    def name(self) -> bytes:
        """Return eight bytes that name the key and tell nothing of it."""
        return _name(self.secret)

    def secret_named(self, name: bytes | str) -> bytes | None:
        """Return the key of this name, or of this in hexadecimal; None if it is somebody else's."""
        for secret in (self.secret, self.process):
            if secret and name in (_name(secret), _name(secret).hex()):
                return secret
        return None

    def __repr__(self) -> str:
        return f"ValueKey({self.name.hex()})"


class KeyPlace(msgspec.Struct, frozen=True):
    """
    Where another process finds the key of an instance, which is not told here.

    Attributes:
        home: The directory of the instance.
        settings: What its settings say of values.
        name: That of the key.
    """

    home: str
    settings: Mapping[str, Any]
    name: bytes


def value_key_of(instance: Any, *, allow_unsigned: bool | None = None) -> ValueKey | None:
    """
    Return the key of an instance, for an ephemeral one that of the process; None where there is no instance.

    Args:
        instance: The instance.
        allow_unsigned: Whether what it did not sign is loaded; by default what settings and environment say.

    Raises:
        StorageError: The settings are wrong, or the key cannot be read, found or made.
    """
    if instance is None:
        return None
    place: KeyPlace | None = instance.scratch.get(_PLACE)
    if place is None and instance.is_ephemeral:
        return ValueKey(_process_secret(), allow_unsigned is not False)
    settings = (instance.get_settings("values") if place is None else place.settings) or {}
    secret: bytes | None = instance.scratch.get(_KEPT)
    if secret is None:
        secret = _secret(instance.root_directory, settings) if place is None else _found(place)
        instance.scratch[_KEPT] = secret
    return ValueKey(secret, _allows(settings) if allow_unsigned is None else allow_unsigned, _process_secret())


def value_key_with(secret: bytes, instance: Any, *, allow_unsigned: bool | None = None) -> ValueKey:
    """
    Return a key that is not the instance's: that of a store which several share.

    Args:
        secret: The key.
        instance: Its settings say what is loaded that was not signed; None where there is none.
        allow_unsigned: Whether that is loaded; by default what settings and environment say.
    """
    if allow_unsigned is None:
        place: KeyPlace | None = None if instance is None else instance.scratch.get(_PLACE)
        settings = place.settings if place is not None else {} if instance is None else instance.get_settings("values")
        allow_unsigned = _allows(settings or {})
    return ValueKey(secret, allow_unsigned)


def _allows(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("allow_unsigned")) or allows_unsigned_here()


def untrusted(name: str, place: str, how: str, *, is_shared: bool = False) -> UntrustedValueError:
    """
    Return the error that tells that a pickle is not loaded.

    Args:
        name: What people call the value.
        place: The file or the address.
        how: What is wrong with its signature.
        is_shared: Whether it lies where several machines store.
    """
    sharing = (
        " Machines that share a store share a key: give it 'key=EnvVar(NAME)', or the instances 'values: {key: {env: NAME}}'."
        if is_shared
        else ""
    )
    return UntrustedValueError(
        f"The stored value of {name} (file {place}) is a pickle that this instance did not write: {how}. "
        "Loading it could run anybody's code.",
        mend=f"materialize {name} again; or, if whoever wrote it is trusted, write 'values: {{allow_unsigned: true}}' "
        f"into the orrery.yaml of the instance, or set {ALLOW_VARIABLE}=true for one process.{sharing}",
    )


def signature_with(secret: bytes, data: bytes) -> bytes:
    """
    Return the HMAC of *data* with *secret*, by SHA-256.

    What does not depend on the data is worked out once for each key, in a seventh of the time of ``hmac.digest``.

    >>> import hmac
    >>> signature_with(b"key", b"data") == hmac.digest(b"key", b"data", "sha256")
    True
    """
    signer = _signer(secret).copy()
    signer.update(data)
    return signer.digest()


@lru_cache(maxsize=16)
def _signer(secret: bytes) -> hmac.HMAC:
    import hmac  # a millisecond, and only processes that store pickles, or load them, need it

    return hmac.new(secret, digestmod="sha256")


@lru_cache(maxsize=1)
def _process_secret() -> bytes:
    return os.urandom(_BYTES)


@lru_cache(maxsize=16)
def _name(secret: bytes) -> bytes:
    return hashlib.sha256(b"orrery-values\0" + secret).digest()[:8]


def allows_unsigned_here() -> bool:
    """
    Tell whether the environment lets this process load what its instance did not sign.

    Raises:
        StorageError: The variable is neither true nor false.
    """
    told = os.environ.get(ALLOW_VARIABLE, "")
    if told.lower() in ("1", "true", "yes"):
        return True
    if told.lower() in ("", "0", "false", "no"):
        return False
    raise StorageError(
        f"The environment variable {ALLOW_VARIABLE} is true or false, not {told!r}.", mend="write true, or unset it."
    )


def place_of_key(instance: Any) -> KeyPlace | None:
    """Return where another process finds the key of *instance*, which is made at need; None for an ephemeral one."""
    place: KeyPlace | None = instance.scratch.get(_PLACE)
    if place is not None or instance.is_ephemeral:
        return place
    key = value_key_of(instance)
    assert key is not None
    return KeyPlace(instance.root_directory, dict(instance.get_settings("values") or {}), key.name)


def find_key_at(instance: Any, place: KeyPlace | None) -> None:
    """Let an ephemeral *instance* use the key at *place*, once a value is stored or loaded; others have their own."""
    if place is not None and instance.is_ephemeral:
        instance.scratch[_PLACE] = place


def take_key(instance: Any, secret: bytes) -> None:
    """Let *instance* use the key that its run told this process."""
    instance.scratch[_KEPT] = secret


def check_value_settings(settings: Mapping[str, Any], *, is_worker: bool = False) -> None:
    """
    Check what the settings of an instance say of its values.

    Args:
        settings: What stands below ``values``.
        is_worker: Whether this process works for a run, which may tell it the key: a variable may be missing here.

    Raises:
        StorageError: They, or the environment, say what nobody understands.
    """
    allows = settings.get("allow_unsigned")
    if allows is not None and not isinstance(allows, bool):
        raise StorageError(
            f"The setting 'values: allow_unsigned' of the instance is true or false, not {allows!r}.",
            mend="correct orrery.yaml.",
        )
    allows_unsigned_here()
    if not (is_worker and isinstance(settings.get("key"), Mapping)):
        _given_secret(settings)


def _given_secret(settings: Mapping[str, Any]) -> bytes | None:
    given = settings.get("key")
    if isinstance(given, Mapping) and list(given) == ["env"]:
        name = str(given["env"])
        if not os.environ.get(name):
            raise StorageError(
                f"The setting 'values: key' takes the environment variable {name}, which is not set.",
                mend=f"set {name}.",
            )
        return os.environ[name].encode()
    if given is not None:
        raise StorageError(
            "The setting 'values: key' of the instance names an environment variable.",
            mend="write 'key: {env: ORRERY_VALUES_KEY}'.",
        )
    return None


def _secret(home: str, settings: Mapping[str, Any]) -> bytes:
    given = _given_secret(settings)
    return _kept(os.path.join(home, _FILE)) if given is None else given


def _found(place: KeyPlace) -> bytes:
    """Return the key at *place*: it is never made there, as another would be another's."""
    path = os.path.join(place.home, _FILE)
    secret = _given_secret(place.settings)
    if secret is None and os.path.exists(path):
        secret = _kept(path)
    if secret is None or ValueKey(secret).name != place.name:
        raise StorageError(
            "This process carries out a step of a run elsewhere, and does not have the key that signs the run's stored "
            f"values: {f'there is no {path} here' if secret is None else 'it has another'}.",
            mend="let it reach the directory of the instance; or write 'values: {key: {env: ORRERY_VALUES_KEY}}' into the "
            "orrery.yaml of the instance, and give both processes that variable.",
        )
    return secret


def _kept(path: str) -> bytes:
    """Return the key in the file *path*, made at need: whole or not at all, and by one of many who come at once."""
    try:
        if not os.path.exists(path):
            temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
            try:
                os.write(fd, os.urandom(_BYTES))
                os.fsync(fd)
                os.close(fd)
                fd = -1
                _publish(temporary, path)
            finally:
                if fd >= 0:
                    os.close(fd)
                os.unlink(temporary)
        with open(path, "rb") as file:
            secret = file.read()
    except OSError as error:
        raise StorageError(
            f"The key of the stored values, {path}, cannot be read or made: {error.strerror}.",
            mend="give yourself the right to read and write there.",
        ) from error
    if len(secret) != _BYTES:
        raise StorageError(
            f"The key of the stored values, {path}, has {len(secret)} bytes, not {_BYTES}: it is damaged.",
            mend="restore it from a copy; without it, move it away and materialize the assets again.",
        )
    return secret


def _publish(temporary: str, path: str) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:  # somebody else was first, and theirs is the key
        return
