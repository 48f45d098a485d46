"""The file of settings: what is unknown or broken in it is told plainly, once."""

import json
from pathlib import Path
from typing import Any

import pytest

from orrery import Instance, instance_for_test
from orrery.api.wiring.instance import open_instance
from orrery.api.wiring.settings import read_settings
from orrery.base.errors import StorageError


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "orrery.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("storag: {url: x}", r"have 'storag', which nobody knows\.\n  Try: write 'storage'"),
        ("compute_logs: {enable: false}", r"have 'compute_logs: enable', which nobody knows\.\n  Try: write 'enabled'"),
        (
            "compute_logs: false",
            r"'compute_logs: False', where a mapping is expected\.\n  Try: write 'compute_logs: \{enabled",
        ),
        ("5: 6", "have '5', which nobody knows"),
    ],
)
def test_what_nobody_knows_is_refused_with_the_nearest_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StorageError, match=said):
        read_settings(written(tmp_path, text))


def test_a_broken_file_is_told_once_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        read_settings(written(tmp_path, "storage:\n  url: [\n"))
    assert "no YAML: line 3, column 1: expected the node content" in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_of_dagster_settings_that_is_not_read_is_told(tmp_path: Path) -> None:
    """It would be looked for in vain why its limits do not hold."""
    (tmp_path / "dagster.yaml").write_text("concurrency: {runs: {max_concurrent_runs: 1}}")
    with pytest.warns(UserWarning, match=r"dagster.yaml are not read: Orrery's are in orrery.yaml"):
        assert read_settings(str(tmp_path / "orrery.yaml")) == {}
    assert read_settings(str(tmp_path / "dagster.yaml"))["concurrency"]["runs"] == {"max_concurrent_runs": 1}


def test_all_that_is_known_is_read(tmp_path: Path) -> None:
    text = "storage:\n  url: x\nconcurrency:\n  pools: {default_limit: 2}\n  runs:\n"
    assert read_settings(written(tmp_path, text))["concurrency"]["pools"] == {"default_limit": 2}


def test_settings_that_a_program_gives_are_checked_like_those_of_the_file() -> None:
    """An entry that only a Dagster instance has is told, and left out: programs keep what they say to one."""
    with pytest.raises(StorageError, match=r"that were given \(overrides=\) have 'storag', which nobody knows"):
        Instance.local_temp(overrides={"storag": {}})
    with (
        pytest.raises(StorageError, match="'compute_logs: enable', which nobody knows"),
        instance_for_test(overrides={"compute_logs": {"enable": False}}),
    ):
        pass
    with pytest.warns(UserWarning, match="'telemetry' say nothing"):
        made = Instance.local_temp(overrides={"telemetry": {"enabled": False}, "compute_logs": {"enabled": False}})
    with made:
        assert made.get_settings("telemetry") == {}
        assert made.get_settings("compute_logs") == {"enabled": False}


@pytest.mark.parametrize(
    ("concurrency", "said"),
    [
        ({"runs": {"max_concurrent_run": 2}}, "'max_concurrent_run' is unknown there"),
        ({"runs": 4}, "runs: a mapping is expected, not 4"),
        ({"pools": 4}, "pools: a mapping is expected, not 4"),
        ({"pools": {"granularity": "runs"}}, "'granularity' is 'op' or 'run'"),
    ],
)
def test_limits_that_nobody_understands_are_refused_when_the_instance_is_opened(
    tmp_path: Path, concurrency: dict[str, Any], said: str
) -> None:
    """Not when the first run has been put into the queue."""
    (tmp_path / "orrery.yaml").write_text(json.dumps({"concurrency": concurrency}))
    with pytest.raises(StorageError, match=said):
        open_instance(str(tmp_path)).dispose()
