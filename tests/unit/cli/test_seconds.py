"""Options that are seconds take no number that is none."""

import pytest
from click.testing import CliRunner

from orrery.cli.run_actions import cancel_run, wait_for_run


@pytest.mark.parametrize(("command", "option"), [(wait_for_run, "--timeout"), (cancel_run, "--grace")])
@pytest.mark.parametrize("given", ["nan", "inf", "-1", "soon"])
def test_what_is_no_number_of_seconds_is_refused(command: object, option: str, given: str) -> None:
    """Before the run is looked for."""
    found = CliRunner().invoke(command, [f"{option}={given}", "no-such-run"])  # type: ignore[arg-type]
    assert found.exit_code == 2
    assert option in found.output
    assert "nan" not in given or "is no number of seconds from zero on" in found.output
