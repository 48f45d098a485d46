"""What the comparison of two sides takes for the same, and what it reports."""

from pathlib import Path

from tests.differential.harness.compare import ABSENT, Difference, compare, load_differences, order_problem

LISTED = Difference(programs=("area/p",), fact="run/steps/c", ours=["STEP_SKIPPED"], theirs=ABSENT, reason="we say so")


def test_equal_facts_are_no_problem() -> None:
    assert compare("area/p", {"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 2]}, []) == []


def test_truth_is_not_one_and_one_is_not_a_float() -> None:
    assert len(compare("area/p", {"a": True, "b": 1}, {"a": 1, "b": 1.0}, [])) == 2


def test_fact_of_one_side_alone_is_a_problem() -> None:
    assert len(compare("area/p", {"a": 1}, {}, [])) == 1
    assert len(compare("area/p", {}, {"a": 1}, [])) == 1


def test_listed_difference_is_no_problem() -> None:
    assert compare("area/p", {"run/steps/c": ["STEP_SKIPPED"]}, {}, [LISTED]) == []


def test_listed_difference_holds_for_its_programs_alone() -> None:
    assert len(compare("area/q", {"run/steps/c": ["STEP_SKIPPED"]}, {}, [LISTED])) == 1


def test_listed_difference_that_does_not_occur_is_a_problem() -> None:
    assert len(compare("area/p", {"run/steps/c": ["X"]}, {"run/steps/c": ["X"]}, [LISTED])) == 1
    assert len(compare("area/p", {}, {}, [LISTED])) == 1


def test_other_difference_than_the_listed_one_is_a_problem() -> None:
    assert len(compare("area/p", {"run/steps/c": ["STEP_FAILURE"]}, {}, [LISTED])) == 1


def test_independent_steps_may_run_in_either_order() -> None:
    assert order_problem(["b", "a", "c"], ["a", "b", "c"], [["a", "c"], ["b", "c"]]) is None


def test_child_before_its_parent_is_a_problem() -> None:
    assert order_problem(["c", "a"], ["a", "c"], [["a", "c"]]) is not None


def test_step_that_one_side_tells_of_must_be_listed() -> None:
    assert order_problem(["a", "c"], ["a"], []) is not None
    assert order_problem(["a", "c"], ["a"], [], optional=frozenset({"c"})) is None


def test_values_of_the_list_are_json_or_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "differences.toml"
    path.write_text(
        '[[difference]]\nprograms = ["a/b"]\nfact = "f"\nours = "null"\ntheirs = "<absent>"\nreason = "why"\n'
    )
    (found,) = load_differences(path)
    assert found.ours is None
    assert found.theirs == ABSENT
