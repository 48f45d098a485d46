"""Where the records of a project lie, and which adapters stand behind an instance."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orrery.adapters.io.filesystem import PickledObjectFilesystemIOManager
from orrery.adapters.io.memory import EphemeralIOManager
from orrery.api.wiring.instance import HOME_VARIABLE, find_home, open_instance
from orrery.api.wiring.values import default_io_manager
from orrery.base.errors import StorageError
from orrery.runtime.instance import Instance
from orrery.testing.conformance.samples import ValueContext
from orrery.testing.instance import instance_for_test


def test_the_home_is_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First of all."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "elsewhere"))
    assert find_home(tmp_path) == str(tmp_path / "elsewhere")


@pytest.mark.parametrize("mark", [".orrery", "pyproject.toml", ".git"])
def test_the_home_lies_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    """Found from any directory below; where nothing marks a project, it lies here."""
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    (tmp_path / mark).mkdir() if mark.startswith(".") else (tmp_path / mark).write_text("")
    assert find_home(below) == str(tmp_path / ".orrery")


def test_the_instance_of_the_project_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory is made, with what ``orrery.yaml`` there says."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "orrery.yaml").write_text("compute_logs:\n  enabled: false\n")
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    with Instance.get() as instance:
        assert instance.root_directory == str(home)
        assert instance.get_settings("compute_logs") == {"enabled": False}
        assert instance.get_settings("none") == {}


@pytest.mark.parametrize(("text", "words"), [("- a\n- b\n", "not a mapping"), ("a: [", "no YAML")])
def test_settings_that_are_none_are_told(tmp_path: Path, text: str, words: str) -> None:
    """By the name of their file."""
    (tmp_path / "orrery.yaml").write_text(text)
    with pytest.raises(StorageError, match=words) as told:
        open_instance(str(tmp_path))
    assert "orrery.yaml" in str(told.value)


def test_values_of_an_ephemeral_instance_live_as_long_as_it_does() -> None:
    """Each run has an IO manager of its own over the same values."""
    with Instance.ephemeral() as instance:
        first, second = default_io_manager(instance), default_io_manager(instance)
        assert isinstance(first, EphemeralIOManager)
        first.handle_output(ValueContext("a"), [1])
        assert second.load_input(ValueContext("a")) == [1]
    with Instance.ephemeral() as other, pytest.raises(KeyError):
        default_io_manager(other).load_input(ValueContext("a"))


def test_values_of_a_persistent_instance_are_files_below_its_home(tmp_path: Path) -> None:
    """In its storage directory."""
    with Instance.local_temp(str(tmp_path)) as instance:
        manager = default_io_manager(instance)
        assert isinstance(manager, PickledObjectFilesystemIOManager)
        manager.handle_output(ValueContext("a"), [1])
    assert (tmp_path / "storage" / "a.pickle").is_file()


def test_an_instance_for_a_test_is_that_of_the_environment() -> None:
    """While the block runs."""
    import os

    before = os.environ.get(HOME_VARIABLE)
    with instance_for_test() as instance:
        instance.create_run(job_name="nightly", run_id="run-1")
        with Instance.get() as same:
            assert same.has_run("run-1")
    assert os.environ.get(HOME_VARIABLE) == before
    assert not os.path.exists(instance.root_directory)


def test_an_ephemeral_instance_imports_nothing_heavy() -> None:
    """No database, no file formats, no pydantic."""
    program = (
        "import sys; from orrery.runtime.instance import Instance; "
        "i = Instance.ephemeral(); i.create_run(job_name='j'); i.get_runs(); "
        "print([m for m in ('sqlalchemy', 'sqlite3', 'pydantic', 'upath', 'fsspec', 'yaml', 'asyncio', 'tempfile', "
        "'polars', 'pandas', 'pyarrow', 'ctypes', 'orrery.runtime.files.batch') if m in sys.modules])"
    )
    source = str(Path(__file__).parents[4] / "src")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": source}, check=True
    )
    assert done.stdout.strip() == "[]"


def test_records_in_a_file_load_no_other_database(tmp_path: Path) -> None:
    """The dialect of PostgreSQL is a twentieth of what a command loads."""
    program = (
        "import sys; from orrery.runtime.instance import Instance; "
        "i = Instance.get(); i.create_run(job_name='j'); i.get_runs(); i.dispose(); "
        "print([m for m in ('sqlalchemy', 'sqlalchemy.dialects.postgresql', 'psycopg') if m in sys.modules])"
    )
    source = str(Path(__file__).parents[4] / "src")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": source, HOME_VARIABLE: str(tmp_path)},
        check=True,
    )
    assert done.stdout.strip() == "['sqlalchemy']"
