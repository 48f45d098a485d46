"""
Orrery and the oracle give the same facts for the same program, but for the listed differences.

Each program of ``programs/`` is one test, named by its file. Both sides run the collected programs in one process
each; the oracle's answers are kept (see ``harness/sides.py``).
"""

from collections.abc import Mapping

import pytest
from tests.differential.conftest import collected_programs
from tests.differential.harness import sides
from tests.differential.harness.compare import compare, load_differences
from tests.differential.harness.page import PAGE, page

NAMES = {sides.program_name(path): path for path in sides.program_paths()}
DIFFERENCES = load_differences(sides.DIFFERENTIAL / "differences.toml")


@pytest.fixture(scope="session")
def oracle_answers(request: pytest.FixtureRequest, early_oracle: None) -> Mapping[str, sides.Answer]:
    """What the oracle answers to the programs of this session."""
    python = sides.oracle_python()
    if python is None:
        pytest.skip("no oracle: set ORRERY_ORACLE_PYTHON, or make .oracle with `make oracle`")
    return sides.theirs(python, [NAMES[name] for name in collected_programs(request.session)])


@pytest.fixture(scope="session")
def our_answers(request: pytest.FixtureRequest) -> Mapping[str, sides.Answer]:
    """What Orrery answers to the programs of this session."""
    return sides.ours([NAMES[name] for name in collected_programs(request.session)])


@pytest.mark.parametrize("program", NAMES)
def test_program_gives_the_oracles_facts(
    program: str, oracle_answers: Mapping[str, sides.Answer], our_answers: Mapping[str, sides.Answer]
) -> None:
    """What a user can see of the program is the same on both sides, or differs as listed."""
    theirs, ours = oracle_answers[program], our_answers[program]
    assert "crashed" not in theirs, f"the program is wrong, the oracle refuses it:\n{theirs['crashed']}"
    assert theirs["facts"], "the program records nothing"
    assert "crashed" not in ours, f"our side could not run the program:\n{ours['crashed']}"
    problems = compare(program, ours["facts"], theirs["facts"], DIFFERENCES)
    assert not problems, "\n".join(problems)


def test_listed_differences_name_programs_that_exist_and_a_reason() -> None:
    """A difference is about programs that are run, and says why."""
    strangers = {name for difference in DIFFERENCES for name in difference.programs} - set(NAMES)
    unreasoned = [difference.fact for difference in DIFFERENCES if len(difference.reason.split()) < 5]
    assert not strangers
    assert not unreasoned


def test_page_of_the_differences_is_up_to_date() -> None:
    """docs/differences.md tells what is listed; ``python -m tests.differential.harness.page`` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page(DIFFERENCES, len(NAMES))
