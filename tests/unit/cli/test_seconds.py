"""Options that are seconds take no number that is none."""

import pytest
from click.testing import CliRunner

from orrery.cli.app import cli


@pytest.mark.parametrize(("command", "option"), [("wait", "--timeout"), ("cancel", "--grace")])
@pytest.mark.parametrize("given", ["nan", "inf", "-1", "soon"])
def test_what_is_no_number_of_seconds_is_refused(command: str, option: str, given: str) -> None:
    """Before the run is looked for; by the words of people: a command that is called by itself keeps its help without ``-h`` for good."""
    found = CliRunner().invoke(cli, ["runs", command, f"{option}={given}", "no-such-run"])
    assert found.exit_code == 2
    assert option in found.output
    assert "nan" not in given or "is no number of seconds from zero on" in found.output
