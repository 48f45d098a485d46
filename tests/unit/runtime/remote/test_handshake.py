"""A task proves that its run sent it, and gets the key of stored values, without either going over the line."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.runtime.remote.handshake import Errand, Hello, decode_hello, open_secret, seal_secret

ERRAND = Errand(host="127.0.0.1", port=1, token="0123456789abcdef", key="orders", turn=1, preparation=b"")


@given(st.binary(max_size=200), st.text())
def test_what_is_sealed_is_opened_with_the_same_token(secret: bytes, token: str) -> None:
    assert open_secret(seal_secret(secret, token), token) == secret


@given(st.binary(min_size=8, max_size=64))
def test_what_is_sealed_holds_neither_secret_nor_token(secret: bytes) -> None:
    sealed = seal_secret(secret, ERRAND.token)
    assert secret not in sealed
    assert ERRAND.token.encode() not in sealed
    assert sealed != seal_secret(secret, ERRAND.token)


def test_with_another_token_or_altered_it_is_not_opened() -> None:
    sealed = bytearray(seal_secret(b"the key of the instance", "a"))
    with pytest.raises(ValueError, match="not one that this run sealed"):
        open_secret(bytes(sealed), "b")
    for place in range(len(sealed)):
        sealed[place] ^= 1
        with pytest.raises(ValueError, match="not one that this run sealed"):
            open_secret(bytes(sealed), "a")
        sealed[place] ^= 1


def test_a_task_proves_its_token_and_does_not_tell_it() -> None:
    told = msgspec.msgpack.encode(Hello.of(ERRAND, "host"))
    hello = decode_hello(told)
    assert ERRAND.token.encode() not in told
    assert hello.knows(ERRAND.token)
    assert not hello.knows("another")


@pytest.mark.parametrize("change", [{"key": "total"}, {"turn": 2}, {"nonce": b"0" * 16}])
def test_a_proof_that_was_overheard_is_none_for_another_step(change: dict[str, object]) -> None:
    assert not msgspec.structs.replace(Hello.of(ERRAND, "host"), **change).knows(ERRAND.token)
