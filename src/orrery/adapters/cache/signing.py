"""
Who wrote a pickle in a store: a signature in the pointer, made with the key of the instance or with one of the store's own.

A pickle runs code when it is loaded, and a digest tells only that it is what the pointer names, not who wrote either. So
the pointer of a pickle carries an HMAC over its name, format, length and digest. It is checked before the pickle is loaded, and the
bytes are checked against the digest. Values in other formats hold no code and are not signed. A copy keeps the
signature of the value that it was made from.
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec

from orrery.adapters.cache.blobs import Pointer
from orrery.base.errors import DamagedValueError, InvalidDefinitionError, StorageError
from orrery.runtime.instance.value_key import ValueKey, signature_with, untrusted, value_key_of, value_key_with
from orrery.runtime.resources.env_var import EnvVar

__all__ = ["Signing", "check_signature", "instance_of", "signed"]

_SIGNED_FORMATS = ("pickle",)


class Signing:
    """
    The key of a store, and which pickles are loaded from it.

    Args:
        of: What the store belongs to, as people wrote it, for messages.
        key: The environment variable that holds the store's own key; None for that of the instance.
        allow_unsigned: Whether pickles are loaded that nobody signed with the key; by default what the settings of the
            instance and the environment say.

    Raises:
        InvalidDefinitionError: *key* is a text instead of a variable, which would stand in the code.
    """

    def __init__(self, of: str, key: EnvVar | None = None, allow_unsigned: bool | None = None) -> None:
        if key is not None and not isinstance(key, EnvVar):
            raise InvalidDefinitionError(
                f"The key of {of} is given as a {type(key).__name__}; it names an environment variable.",
                mend='write key=EnvVar("ORRERY_STORE_KEY").',
            )
        self._of = of
        self._key = key
        self._allow_unsigned = allow_unsigned

    def key_for(self, instance: Any) -> ValueKey | None:
        """
        Return the key with which values of *instance* are signed and checked; None where nobody signs.

        Raises:
            StorageError: The variable that holds the key is not set; or the key of the instance cannot be read.
        """
        if self._key is None:
            return value_key_of(instance, allow_unsigned=self._allow_unsigned)
        secret = self._key.get_value()
        if not secret:
            name = self._key.env_var_name
            raise StorageError(
                f"The key of {self._of} is in the environment variable {name}, which is not set.", mend=f"set {name}."
            )
        return value_key_with(secret.encode(), instance, allow_unsigned=self._allow_unsigned)


def instance_of(context: Any) -> Any:
    """Return the instance of the run that stores or loads; None where there is none."""
    step = getattr(context, "_step_context", None)
    return step.instance if step is not None else getattr(context, "_instance", None)


def signed(pointer: Pointer, name: str, key: ValueKey | None) -> Pointer:
    """Return *pointer* with the signature of *key*, if what it points at is a pickle."""
    if key is None or pointer.format not in _SIGNED_FORMATS:
        return pointer
    return msgspec.structs.replace(
        pointer, key=key.name.hex(), signature=signature_with(key.secret, _told(pointer, name)).hex()
    )


def check_signature(pointer: Pointer, name: str, key: ValueKey | None, *, what: str, place: str) -> None:
    """
    Check that a pickle was written by somebody with the key, before it is loaded.

    Args:
        pointer: The pointer of the value.
        name: Its name.
        key: The key; None where nobody signs.
        what: What people call the value.
        place: Where its pointer lies, for messages.

    Raises:
        UntrustedValueError: It is not signed, or another key signed it.
        DamagedValueError: The signature is that of another value.
    """
    if key is None or pointer.format not in _SIGNED_FORMATS:
        return
    if not pointer.signature:
        if not key.allows_others:
            raise untrusted(what, place, "it is not signed", is_shared=True)
        return
    secret = key.secret_named(pointer.key)
    if secret is None:
        if not key.allows_others:
            raise untrusted(what, place, "another instance signed it", is_shared=True)
        return
    expected = signature_with(secret, _told(pointer, name)).hex()
    if not hmac.compare_digest(expected.encode(), pointer.signature.encode("utf-8", "replace")):
        raise DamagedValueError(
            f"The stored value of {what} ({place}) is damaged: its signature is not that of the value.",
            mend=f"materialize {what} again.",
        )


def _told(pointer: Pointer, name: str) -> bytes:
    """Return what is signed."""
    return msgspec.json.encode(["orrery-pointer", 1, name, pointer.format, pointer.length, pointer.digest])
