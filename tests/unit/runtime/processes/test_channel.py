"""Frames between two ends of a connection."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.base.errors import InvariantViolationError
from orrery.runtime.processes import channel as channels
from orrery.runtime.processes.channel import Channel, Frame


def ends() -> tuple[Channel, Channel]:
    here, there = Channel.pair()
    return here, Channel(there)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=90_000), st.lists(st.binary(max_size=90_000), max_size=3)), max_size=5))
def test_what_is_sent_arrives_in_order(frames: list[tuple[bytes, list[bytes]]]) -> None:
    """Whatever the sizes, and however it is cut on the way."""
    sending, receiving = ends()

    def send() -> None:
        for body, buffers in frames:
            sending.send(body, buffers)
        sending.close()

    thread = threading.Thread(target=send)
    thread.start()
    found = []
    while (frame := receiving.receive()) is not None:
        found.append((bytes(frame.body), [bytes(each) for each in frame.buffers]))
    thread.join()
    receiving.close()
    assert found == frames
    assert receiving.is_over


def test_what_is_there_is_received_without_waiting() -> None:
    sending, receiving = ends()
    assert receiving.receive_ready() == []
    sending.send(b"one")
    sending.send(b"two", [memoryview(b"beside")])
    assert receiving.receive_ready() == [Frame(b"one"), Frame(b"two", (bytearray(b"beside"),))]
    assert not receiving.is_over
    sending.close()
    assert receiving.receive_ready() == []
    assert receiving.is_over
    receiving.close()


def test_a_frame_that_is_cut_off_is_dropped() -> None:
    """The other side died while it sent."""
    connection, other = socket.socketpair()
    receiving = Channel(other)
    connection.sendall(b"\x05\x00\x00\x00\x00\x00\x00\x00whole\x09\x00\x00\x00\x00\x00\x00\x00torn")
    connection.close()
    assert receiving.receive() == Frame(b"whole")
    assert receiving.receive() is None
    receiving.close()


def test_open_files_are_handed_over() -> None:
    sending, receiving = ends()
    reading, writing = os.pipe()
    sending.send(b"take it", descriptors=[writing])
    os.close(writing)
    assert receiving.receive() == Frame(b"take it")
    taken = receiving.take_descriptor()
    os.write(taken, b"through")
    os.close(taken)
    assert os.read(reading, 100) == b"through"
    os.close(reading)
    with pytest.raises(InvariantViolationError, match="none came with it"):
        receiving.take_descriptor()
    sending.close()
    receiving.close()


def test_a_forked_copy_sends_nothing() -> None:
    """What it says was said already."""
    sending, receiving = ends()
    child = os.fork()
    if not child:
        sending.send(b"twice")
        os._exit(0)
    os.waitpid(child, 0)
    sending.send(b"once")
    sending.close()
    assert receiving.receive() == Frame(b"once")
    assert receiving.receive() is None
    receiving.close()


def test_a_body_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sending, receiving = ends()
    monkeypatch.setattr(channels, "BODY_LIMIT", 10)
    with pytest.raises(InvariantViolationError, match="11 bytes"):
        sending.send(b"x" * 11)
    sending.close()
    receiving.close()


def test_what_goes_with_the_next_arrives_whole_and_before_it() -> None:
    here, other = Channel.pair()
    there = Channel(other)
    here.send_with_next(b"first")
    here.send_with_next(b"")
    assert there.receive_ready() == []
    here.send(b"third", [b"beside"])
    assert there.receive_ready() == [Frame(b"first"), Frame(b""), Frame(b"third", (bytearray(b"beside"),))]
    here.send_with_next(b"last")
    here.flush()
    here.flush()
    assert there.receive_ready() == [Frame(b"last")]
    here.send_with_next(b"said before the end")
    here.finish()
    assert there.receive() == Frame(b"said before the end")
    assert there.receive() is None
