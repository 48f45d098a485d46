"""How long an object store may be silent before somebody is told."""

import socket
from typing import Any

import pytest

from orrery.runtime.files.patience import is_unanswered, patient_options


def test_retries_are_bounded_where_nobody_says_anything() -> None:
    found = patient_options("s3://bucket/values", {"key": "k", "config_kwargs": {"read_timeout": 30}}, {})
    assert found["key"] == "k"
    assert found["config_kwargs"]["read_timeout"] == 30
    assert found["config_kwargs"]["retries"] == {"mode": "standard", "total_max_attempts": 3}
    assert found["config_kwargs"]["connect_timeout"] == 10


@pytest.mark.parametrize("name", ["AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"])
def test_what_the_environment_says_of_retries_counts(name: str) -> None:
    assert "retries" not in patient_options("s3://bucket", None, {name: "x"})["config_kwargs"]


def test_what_the_user_says_of_retries_counts() -> None:
    given = {"config_kwargs": {"retries": {"max_attempts": 9}, "connect_timeout": 60}}
    assert patient_options("s3://bucket", given, {}) == given


@pytest.mark.parametrize(
    ("location", "options"),
    [("/data", {}), ("memory://x", {"a": 1}), ("gs://bucket", {}), ("s3://bucket", {"session": "of the user"})],
)
def test_other_places_and_clients_are_left_as_they_are(location: str, options: dict[str, Any]) -> None:
    assert patient_options(location, options, {}) == options


def test_the_options_of_the_user_are_not_changed_in_place() -> None:
    given: dict[str, Any] = {"config_kwargs": {}}
    patient_options("s3://bucket", given, {})
    assert given == {"config_kwargs": {}}


def test_nobody_answers_is_told_from_busy_or_slow() -> None:
    outer = RuntimeError("of some library")
    outer.__cause__ = ConnectionRefusedError(111, "refused")
    assert is_unanswered(outer)
    assert is_unanswered(socket.gaierror("no such host"))
    assert not is_unanswered(TimeoutError("slow"))
    assert not is_unanswered(OSError("busy"))
