"""
How a task of an engine and its run come to trust each other, and how the task gets the key of stored values.

The run gives the engine an errand, which holds a token. The task connects and proves that it knows the token, without
telling it. The run answers with the key that its instance signs stored values with, sealed by the token: whoever sees
only the connection, or later only the errand in some log of the engine, has no key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

import msgspec

__all__ = ["Errand", "Hello", "decode_hello", "open_secret", "seal_secret"]

_NONCE_BYTES = 16
_DIGEST_BYTES = 32


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a task is given: where the run listens, and who it is.

    Attributes:
        host: Where the run listens.
        port: The port.
        token: Proves that the task was sent by the run.
        key: The step.
        turn: Which launch of the step.
        preparation: What its process prepares, once for all steps of the run.
        import_path: Folders that imports may begin at, besides its own.
    """

    host: str
    port: int
    token: str
    key: str
    turn: int
    preparation: bytes
    import_path: Sequence[str] = ()


class Hello(msgspec.Struct, frozen=True):
    """
    The first message of a task.

    Attributes:
        nonce: Of this message alone.
        proof: That the sender knows the token.
        key: The step.
        turn: Which launch of the step.
        place: Host and process, for people.
    """

    nonce: bytes
    proof: bytes
    key: str
    turn: int
    place: str

    @staticmethod
    def of(errand: Errand, place: str) -> Hello:
        """Return the message of the task with *errand*, which runs at *place*."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return Hello(nonce, _proof(errand.token, nonce, errand.key, errand.turn), errand.key, errand.turn, place)

    def knows(self, token: str) -> bool:
        """Tell whether the sender knows *token*."""
        return hmac.compare_digest(self.proof, _proof(token, self.nonce, self.key, self.turn))


decode_hello = msgspec.msgpack.Decoder(Hello).decode


def seal_secret(secret: bytes, token: str) -> bytes:
    """Return *secret* so that only who knows *token* can read it, and nobody else can have made it."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    hidden = _hidden(secret, token, nonce)
    return nonce + hidden + _digest(token, b"seal" + nonce + hidden)


def open_secret(sealed: bytes, token: str) -> bytes:
    """
    Return what :func:`seal_secret` sealed with *token*.

    Raises:
        ValueError: It was sealed with another, or altered.

    >>> open_secret(seal_secret(b"a key", "token"), "token")
    b'a key'
    """
    nonce, hidden, digest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:-_DIGEST_BYTES], sealed[-_DIGEST_BYTES:]
    if not hmac.compare_digest(digest, _digest(token, b"seal" + nonce + hidden)):
        raise ValueError("the sealed key is not one that this run sealed")
    return _hidden(hidden, token, nonce)


def _proof(token: str, nonce: bytes, key: str, turn: int) -> bytes:
    return _digest(token, b"hello" + nonce + f"{turn} {key}".encode("utf-8", "surrogatepass"))


def _digest(token: str, data: bytes) -> bytes:
    return hmac.digest(token.encode(), data, "sha256")


def _hidden(data: bytes, token: str, nonce: bytes) -> bytes:
    """Return *data* under a stream of bytes that nobody can guess without *token*; twice gives *data* again."""
    stream = hashlib.shake_256(_digest(token, b"hide" + nonce)).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))
