"""
The key with which an instance signs the pickles that it stores.

A pickle runs code when it is loaded; only what the instance itself wrote is. The key is made once, in the instance's
directory, readable by its owner only. Instances that share stored values share the key by the settings::

    values:
      key: {env: ORRERY_VALUES_KEY}     # any text; instead of the file
      allow_unsigned: true              # load what is not signed with the key: whoever writes there is trusted

Without the setting, what nobody signed is refused in the instance's own directory, where nobody else writes, and loaded
from a folder that the user named, which may be shared with programs that run without an instance. What another
instance signed is refused in both. With ``false``, everything is refused that is not signed with the key.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import msgspec

from orrery.base.errors import StorageError

__all__ = ["ValueKey", "check_value_settings", "value_key_of"]

_FILE = "values.key"
_BYTES = 32
_KEPT = "value_key"


class ValueKey(msgspec.Struct, frozen=True):
    """
    How pickles are signed, and which are loaded.

    Attributes:
        secret: The key.
        allows_unsigned: Whether pickles are loaded that nobody signed.
        allows_foreign: Whether those are that somebody else signed.
    """

    secret: bytes
    allows_unsigned: bool = False
    allows_foreign: bool = False

    @property
    def name(self) -> bytes:
        """Return eight bytes that name the key and tell nothing of it."""
        return hashlib.sha256(b"orrery-values\0" + self.secret).digest()[:8]

    def __repr__(self) -> str:
        return f"ValueKey({self.name.hex()})"


def value_key_of(instance: Any, *, is_own_directory: bool = True) -> ValueKey | None:
    """
    Return the key of an instance; None for an ephemeral one, whose values nobody signs.

    Args:
        instance: The instance.
        is_own_directory: Whether the values lie in its own directory, and not in a folder that the user named.

    Raises:
        StorageError: The settings are wrong, or the key cannot be read or made.
    """
    if instance is None or instance.is_ephemeral:
        return None
    settings = instance.get_settings("values") or {}
    secret: bytes | None = instance.scratch.get(_KEPT)
    if secret is None:
        secret = instance.scratch[_KEPT] = _secret(instance.root_directory, settings)
    allows = settings.get("allow_unsigned")
    return ValueKey(secret, not is_own_directory if allows is None else allows, bool(allows))


def check_value_settings(settings: Mapping[str, Any]) -> None:
    """
    Check what the settings of an instance say of its values.

    Raises:
        StorageError: They say what nobody understands.
    """
    allows = settings.get("allow_unsigned")
    if allows is not None and not isinstance(allows, bool):
        raise StorageError(
            f"The setting 'values: allow_unsigned' of the instance is true or false, not {allows!r}.",
            mend="correct orrery.yaml.",
        )
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
