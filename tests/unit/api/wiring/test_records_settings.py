"""What ``storage:`` in the settings of an instance says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.storage.postgres import PostgresStorage
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.api.wiring.instance import open_instance
from orrery.api.wiring.records import records_settings
from orrery.base.errors import StorageError
from orrery.runtime.instance import Instance
from orrery.runtime.instance.secrets import without_passwords

URL = "postgresql+psycopg://me@host:5432/records"


def test_nothing_said_is_a_file_in_the_home(tmp_path: Path) -> None:
    """As ever."""
    with open_instance(str(tmp_path)) as instance:
        assert isinstance(instance.event_log, SqliteStorage)
    assert (tmp_path / "orrery.db").is_file()


def test_a_url_names_a_postgresql_database(tmp_path: Path, postgres_url: str) -> None:
    """Its records are there and not in the home."""
    (tmp_path / "orrery.yaml").write_text(f"storage:\n  url: {postgres_url}\n")
    with open_instance(str(tmp_path)) as instance:
        assert isinstance(instance.event_log, PostgresStorage)
        instance.create_run(job_name="nightly", run_id="run-1")
    with open_instance(str(tmp_path)) as again:
        assert again.has_run("run-1")
    assert not (tmp_path / "orrery.db").exists()


def test_url_and_password_may_come_from_the_environment() -> None:
    """They are read when the instance is opened."""
    settings = {"storage": {"url": {"env": "DB"}, "password": {"env": "SECRET"}, "wait_seconds": 5}}
    found = records_settings(settings, {"DB": URL, "SECRET": "a@b/c:d%"})
    assert found.url == "postgresql+psycopg://me:a%40b%2Fc%3Ad%25@host:5432/records"
    assert found.wait_seconds == 5.0


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        ("postgres", "is a mapping, not str"),
        ({"ulr": URL}, "write 'url'"),
        ({"url": 5}, "text or '{env: NAME}', not int"),
        ({"url": {"env": "GONE"}}, "environment variable GONE, which is not set"),
        ({"url": URL, "wait_seconds": -1}, "wait_seconds"),
        ({"url": URL, "wait_seconds": True}, "wait_seconds"),
        ({"password": "x"}, "without a URL"),
        ({"url": "postgresql+psycopg://me:own@host/db", "password": "x"}, "password of its own"),
        ({"url": "postgresql+psycopg://host/db", "password": "x"}, "without a user"),
    ],
)
def test_a_wrong_setting_is_told(storage: Any, words: str) -> None:
    """By its name, before anything is opened."""
    with pytest.raises(StorageError) as told:
        records_settings({"storage": storage}, {})
    assert words in str(told.value)
    assert "Try:" in str(told.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url: secret", "names no database"),
        ("postgresql+psycopg://me:secret@host", "names no database"),
        ("postgresql+psycopg2://me:secret@host/db", "'postgresql\\+psycopg2'"),
        ("mysql://me:secret@host/db", "'mysql'"),
    ],
)
def test_a_url_of_something_else_is_refused(url: str, words: str) -> None:
    """Without its password."""
    with pytest.raises(StorageError, match=words) as told:
        PostgresStorage(url)
    assert "secret" not in str(told.value)
    assert told.value.__context__ is None or "secret" not in str(told.value.__context__)


def test_passwords_are_not_shown(postgres_url: str) -> None:
    """What an instance tells of itself is read by many."""
    with Instance.local_temp(overrides={"storage": {"url": postgres_url}}) as instance:
        assert "pa55" not in instance.info_str()
        assert "***@127.0.0.1" in instance.info_str()
    settings = {"storage": {"url": "postgresql+psycopg://h/d?password=secret&x=1", "password": "secret"}}
    assert without_passwords(settings) == {
        "storage": {"url": "postgresql+psycopg://h/d?password=***&x=1", "password": "***"}
    }
