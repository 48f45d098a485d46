"""Settings that are written as for a Dagster instance say the same here, or why they cannot."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from orrery.api.wiring.records import records_settings
from orrery.api.wiring.settings import read_settings
from orrery.base.errors import StorageError
from orrery.model.records.upkeep import DEFAULT_DAYS
from orrery.runtime.instance.secrets import without_passwords


def read(tmp_path: Path, settings: dict[str, Any]) -> Any:
    path = tmp_path / "orrery.yaml"
    path.write_text(yaml.safe_dump(settings))
    return read_settings(str(path))


def of_class(name: str, module: str = "dagster.core", **config: Any) -> dict[str, Any]:
    return {"module": module, "class": name, **({"config": config} if config else {})}


LIMITS = {"max_concurrent_runs": 3, "tag_concurrency_limits": [{"key": "team", "limit": 1}]}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"run_launcher": of_class("DefaultRunLauncher")}, {"run_launcher": "subprocess"}),
        ({"run_launcher": None}, {}),
        ({"run_coordinator": of_class("DefaultRunCoordinator")}, {"run_coordinator": "immediate"}),
        (
            {"run_coordinator": of_class("QueuedRunCoordinator", **LIMITS)},
            {"run_coordinator": "queued", "concurrency": {"runs": LIMITS}},
        ),
        ({"compute_logs": of_class("NoOpComputeLogManager")}, {"compute_logs": {"enabled": False}}),
        ({"compute_logs": of_class("LocalComputeLogManager")}, {"compute_logs": {"enabled": True}}),
        ({"concurrency": {"default_op_concurrency_limit": 2}}, {"concurrency": {"pools": {"default_limit": 2}}}),
    ],
)
def test_what_means_the_same_is_taken(tmp_path: Path, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path, theirs) == ours


@pytest.mark.parametrize(
    ("retention", "ticks"),
    [
        ({"schedule": {"purge_after_days": 90}}, 90),
        ({"schedule": {"purge_after_days": 7}, "sensor": {"purge_after_days": {"skipped": 1, "failure": 30}}}, 30),
        ({"sensor": {"purge_after_days": {"skipped": 7, "success": -1}}}, "forever"),
    ],
)
def test_retention_of_ticks_deletes_nothing_else(tmp_path: Path, retention: dict[str, Any], ticks: object) -> None:
    found = read(tmp_path, {"retention": retention})["retention"]
    assert found == {**dict.fromkeys(DEFAULT_DAYS, "forever"), "ticks": ticks}


def test_what_says_nothing_here_is_told_and_left_out(tmp_path: Path) -> None:
    theirs = {
        "telemetry": {"enabled": False},
        "run_monitoring": {"enabled": True},
        "run_coordinator": of_class("QueuedRunCoordinator", dequeue_interval_seconds=5),
    }
    with pytest.warns(UserWarning, match="'run_monitoring', 'telemetry', 'run_coordinator: dequeue_interval_seconds'"):
        assert read(tmp_path, theirs) == {"run_coordinator": "queued"}


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (
            {"run_launcher": of_class("DockerRunLauncher", "dagster_docker")},
            "class DockerRunLauncher of dagster_docker",
        ),
        ({"compute_logs": of_class("S3ComputeLogManager", "dagster_aws.s3")}, "class S3ComputeLogManager"),
        ({"event_log_storage": of_class("PostgresEventLogStorage", "dagster_postgres")}, "have 'event_log_storage'"),
    ],
)
def test_what_would_go_elsewhere_is_refused(tmp_path: Path, theirs: dict[str, Any], said: str) -> None:
    with pytest.raises(StorageError, match=said):
        read(tmp_path, theirs)


def test_records_in_postgres_are_named_by_url_or_by_parts() -> None:
    environment = {"HOST": "db.example", "SECRET": "pa55/w:rd@"}
    parts = {
        "hostname": {"env": "HOST"},
        "username": "me@work",
        "password": {"env": "SECRET"},
        "db_name": "records",
        "port": 5433,
        "params": {"sslmode": "require"},
    }
    by_parts = records_settings({"storage": {"postgres": {"postgres_db": parts}}}, environment)
    assert by_parts.url == ("postgresql+psycopg://me%40work:pa55%2Fw%3Ard%40@db.example:5433/records?sslmode=require")
    by_url = records_settings({"storage": {"postgres": {"postgres_url": {"env": "URL"}}}}, {"URL": "postgresql://x/y"})
    assert by_url.url == "postgresql://x/y"
    for wrong, said in (
        ({"postgres": {}}, "neither 'postgres_url' nor 'postgres_db'"),
        ({"postgres": {"postgres_db": {"hostname": "a", "username": "b"}}}, "without 'db_name'"),
        ({"sqlite": {"base_dir": "/x"}}, "keeps its SQLite file in the instance's directory"),
    ):
        with pytest.raises(StorageError, match=said):
            records_settings({"storage": wrong}, {})


def test_a_password_among_the_parts_is_not_shown() -> None:
    given = {"storage": {"postgres": {"postgres_db": {"username": "me", "password": "secret"}}}}
    assert without_passwords(given) == {"storage": {"postgres": {"postgres_db": {"username": "me", "password": "***"}}}}
