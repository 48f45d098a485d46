"""Types: what annotations mean, what passes, and what is said of what does not."""

import enum
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Protocol, TypedDict

import pytest

from orrery.api.verbs.check_type import check_type
from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, UnknownResourceError
from orrery.definitions.parts import types
from orrery.definitions.parts.types import (
    ANY,
    NOTHING,
    Dict,
    List,
    Optional,
    OrreryType,
    PythonObjectType,
    Set,
    Tuple,
    declared_type,
    make_python_type_usable_as_type,
    resolve_type,
    type_loader,
    usable_as_type,
)
from orrery.model.events.user import TypeCheck


class Order:
    """A class of the user."""


class Colour(enum.Enum):
    RED = 1


class Row(TypedDict):
    id: int


class HasName(Protocol):
    name: str


UserId = NewType("UserId", int)
T = typing.TypeVar("T")


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (int, "Int"),
        (float, "Float"),
        (str, "String"),
        (bool, "Bool"),
        (Any, "Any"),
        (object, "Any"),
        (list, "[Any]"),
        (list[int], "[Int]"),
        (typing.List[int], "[Int]"),  # noqa: UP006
        (List[int], "[Int]"),
        (dict, "dict"),
        (dict[str, int], "Dict[String,Int]"),
        (Dict[str, int], "Dict[String,Int]"),
        (Mapping[str, int], "Mapping[String,Int]"),
        (Sequence[int], "Sequence[Int]"),
        (set[int], "Set[Int]"),
        (Set[int], "Set[Int]"),
        (frozenset[int], "Frozenset[Int]"),
        (tuple[int, str], "Tuple[Int,String]"),
        (Tuple[int, str], "Tuple[Int,String]"),
        (tuple[int, ...], "tuple"),
        (int | None, "Int?"),
        (typing.Optional[int], "Int?"),  # noqa: UP045
        (Optional[int], "Int?"),
        (int | str, "Union[Int, String]"),
        (int | str | None, "Union[Int, String]?"),
        (int | Any, "Any"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Order, "Order"),
        (Colour, "Colour"),
        (Row, "dict"),
        (UserId, "Int"),
        (HasName, "Any"),
        (T, "Any"),
        ("a name that only a type checker sees", "Any"),
        (Annotated[int, "words"], "Int"),
        (Callable[[int], int], "Callable"),
        (list[dict[str, list[int]]], "[Dict[String,[Int]]]"),
        (None, "Nothing"),
        (type(None), "Nothing"),
    ],
    ids=str,
)
def test_an_annotation_means_a_type(annotation: Any, name: str) -> None:
    assert resolve_type(annotation).display_name == name


def test_the_public_names_are_python_s_own_classes() -> None:
    """So they serve as annotations, in config schemas and in isinstance alike."""
    assert (types.Any, types.Int, types.Float, types.String, types.Bool) == (Any, int, float, str, bool)
    assert types.Nothing is type(None)


@pytest.mark.parametrize(
    ("annotation", "good", "bad", "words"),
    [
        (int, 1, "a", 'Value "a" of python type "str" must be a int.'),
        (float, 1.0, 1, 'Value "1" of python type "int" must be a float.'),
        (list, [1], (1,), 'Value "(1,)" of python type "tuple" must be a list.'),
        (list[int], [1, 2], [1, "b"], 'Item 1: Value "b" of python type "str" must be a int.'),
        (list[Order], [Order()], [1], "Item 0: Value of type <class 'int'> failed type check for Orrery type Order"),
        (Sequence[int], (1, 2), {1: 2}, "must be a sequence"),
        (Sequence[int], range(3), (1, "b"), "Item 1"),
        (dict[str, int], {"a": 1}, {"a": "b"}, 'The value of a: Value "b"'),
        (dict[str, int], {}, {1: 2}, 'Key 1: Value "1"'),
        (dict[str, Any], {"a": Order()}, {1: 2}, "Key 1"),
        (dict[Any, int], {Order: 1}, {"k": "b"}, "The value of k"),
        (Mapping[str, int], {"a": 1}, [("a", 1)], "should be a mapping"),
        (set[int], {1}, {"a"}, "An item of the set"),
        (frozenset[int], frozenset({1}), {1}, "should be a frozenset"),
        (tuple[int, str], (1, "a"), (1,), "requires 2 entries, received 1"),
        (tuple[int, str], (1, "a"), (1, 2), 'Item 1: Value "2"'),
        (tuple[int, str], (1, "a"), [1, "a"], "should be a tuple"),
        (int | None, None, "a", 'Value "a"'),
        (int | str, "a", 1.5, "is none of Union[Int, String]"),
        (list[int] | None, None, ["a"], "Item 0"),
        (Literal["a", 1], 1, True, "is none of Literal['a', 1]"),
        (Row, {"id": 1}, [1], "expected value to be of Python type dict"),
        (Order, Order(), 5, "expected value to be of Python type"),
        (types.Nothing, None, 5, "must be None or unset"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_what_is_inside_is_checked_and_named(annotation: Any, good: Any, bad: Any, words: str) -> None:
    assert check_type(annotation, good).success
    found = check_type(annotation, bad)
    assert not found.success
    assert words in str(found.description)


def test_a_huge_or_broken_value_makes_a_short_message() -> None:
    """A message quotes a value only as far as that is safe."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert "Broken" in str(check_type(int, Broken()).description)
    assert len(str(check_type(int, "x" * 10_000_000).description)) < 500
    assert not check_type(str, 10**10_000).success


@pytest.mark.parametrize("given", [5, "int", b"x", [int], {"a": int}, (int, str), 1.5])
def test_what_is_no_type_is_refused_where_a_type_is_named(given: Any) -> None:
    with pytest.raises(InvalidDefinitionError, match="Invalid type"):
        declared_type(given)


def test_none_where_a_type_is_named_means_any() -> None:
    assert declared_type(None) is ANY


def test_nothing_has_no_place_inside_another_type() -> None:
    for make in (List, Optional):
        with pytest.raises(InvalidDefinitionError, match="Nothing"):
            make[types.Nothing]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_check_function_takes_a_context_and_a_value(count: int) -> None:
    functions = {0: lambda: True, 1: lambda _a: True, 3: lambda _a, _b, _c: True}
    with pytest.raises(InvalidDefinitionError, match="must take 2 arguments"):
        OrreryType(functions[count], name="odd")


def test_a_check_function_answers_with_a_truth_value_or_a_type_check() -> None:
    with pytest.raises(InvariantViolationError, match="must be instance of TypeCheck or a bool"):
        check_type(OrreryType(lambda _context, _value: "yes", name="odd"), 1)  # type: ignore[arg-type, return-value]


def test_the_truth_values_of_numpy_are_truth_values() -> None:
    numpy = pytest.importorskip("numpy")
    small = OrreryType(lambda _context, value: numpy.int64(value) < 5, name="Small")
    assert check_type(small, 3).success
    assert not check_type(small, 7).success


def test_a_type_check_keeps_its_metadata() -> None:
    counted = OrreryType(lambda _c, v: TypeCheck(len(v) > 1, "counted", {"count": len(v)}), name="Counted")
    found = check_type(counted, [1])
    assert (found.success, found.description, found.metadata["count"].value) == (False, "counted", 1)


def test_what_is_inside_keeps_its_metadata_in_a_failure() -> None:
    counted = OrreryType(lambda _c, v: TypeCheck(False, "no", {"seen": v}), name="Never")
    assert check_type(List[counted], [7]).metadata["seen"].value == 7


def test_a_check_outside_of_a_run_may_log_and_has_no_resources() -> None:
    asking = OrreryType(lambda c, _v: c.log.info("hello") is None and c.run_id == "EPHEMERAL", name="Asking")
    assert check_type(asking, 1).success
    wanting = OrreryType(lambda c, _v: c.resources.database, name="Wanting", required_resource_keys={"database"})
    with pytest.raises(UnknownResourceError):
        check_type(wanting, 1)


def test_a_type_needs_a_name_or_a_key() -> None:
    with pytest.raises(InvalidDefinitionError, match="name or a key"):
        OrreryType(lambda _c, _v: True)
    only_key = OrreryType(lambda _c, _v: True, key="k")
    assert (only_key.display_name, only_key.has_unique_name) == ("k", False)
    with pytest.raises(InvariantViolationError, match="unique_name"):
        _ = only_key.unique_name


def test_types_tell_what_they_are_made_of() -> None:
    found = resolve_type(list[dict[str, int | None]])
    assert [each.display_name for each in found.inner_types] == ["Dict[String,Int?]", "String", "Int?", "Int"]
    assert found.type_param_keys == ["TypedPythonDict.String.Optional.Int"]


@pytest.mark.parametrize(
    ("annotation", "inner"),
    [(list[int], "Int"), (Sequence[int], "Int"), (list[int] | None, "Int"), (Any, "Any"), (types.Nothing, "Nothing")],
)
def test_lists_take_several_outputs(annotation: Any, inner: str) -> None:
    found = resolve_type(annotation)
    assert found.supports_fan_in
    assert found.get_inner_type_for_fan_in().display_name == inner


@pytest.mark.parametrize("annotation", [int, dict, tuple[int, int], set[int], int | None])
def test_other_types_take_one_output(annotation: Any) -> None:
    assert not resolve_type(annotation).supports_fan_in


def test_a_decorated_class_is_a_type() -> None:
    @usable_as_type(name="EvenNumber", description="Divisible by two.")
    class Even: ...

    @usable_as_type
    class Odd: ...

    found = resolve_type(Even)
    assert (found.display_name, found.description, found.unique_name) == (
        "EvenNumber",
        "Divisible by two.",
        "EvenNumber",
    )
    assert resolve_type(Odd).display_name == "Odd"
    assert resolve_type(list[Even]).display_name == "[EvenNumber]"
    assert check_type(Even, Even()).success


def test_a_class_means_one_type() -> None:
    class Thing: ...

    first = OrreryType(lambda _c, _v: True, name="First")
    make_python_type_usable_as_type(Thing, first)
    make_python_type_usable_as_type(Thing, first)
    assert resolve_type(Thing) is first
    with pytest.raises(InvalidDefinitionError, match="already been registered"):
        make_python_type_usable_as_type(Thing, OrreryType(lambda _c, _v: True, name="Second"))


def test_a_class_that_was_used_before_cannot_change_its_meaning() -> None:
    class Used: ...

    resolve_type(Used)
    with pytest.raises(InvalidDefinitionError, match="before the class is used"):
        make_python_type_usable_as_type(Used, OrreryType(lambda _c, _v: True, name="Late"))


def test_python_s_own_classes_keep_their_meaning() -> None:
    with pytest.raises(InvalidDefinitionError, match="cannot mean another"):
        make_python_type_usable_as_type(int, OrreryType(lambda _c, _v: True, name="MyInt"))


@pytest.mark.parametrize("given", [5, (), (int, 5)])
def test_a_type_of_classes_wants_classes(given: Any) -> None:
    with pytest.raises(InvalidDefinitionError, match="PythonObjectType takes"):
        PythonObjectType(given)


def test_a_type_of_several_classes() -> None:
    either = PythonObjectType((int, str))
    assert (either.display_name, either.key) == ("Union[int, str]", "Union[int, str]")
    assert check_type(either, "a").success
    assert "Union[int, str]" in str(check_type(either, 1.5).description)


def test_a_type_derived_from_one_of_a_class_is_asked_each_time() -> None:
    """The short cut for plain classes must not skip what a user's class adds."""

    class Even(PythonObjectType):
        def type_check(self, context: Any, value: Any) -> TypeCheck:
            found = super().type_check(context, value)
            return TypeCheck(value % 2 == 0) if found.success else found

    assert not check_type(List[Even(int)], [2, 3]).success


def test_a_loader_wants_a_context_and_a_config_value() -> None:
    with pytest.raises(InvalidDefinitionError, match="cannot be called with a context"):

        @type_loader(int)
        def short(context: Any) -> Any: ...


def test_a_loader_says_what_config_it_takes_and_what_it_needs() -> None:
    @type_loader({"path": str}, required_resource_keys={"disk"})
    def read(context: Any, config: Any) -> Any:
        return config["path"]

    loaded = OrreryType(lambda _c, _v: True, name="Loaded", loader=read)
    assert read.schema_type.render() == "{ path: String }"
    assert loaded.get_resource_requirements() == ["disk"]
    assert resolve_type(List[loaded]).get_resource_requirements() == ["disk"]


def test_a_loader_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match="no TypeLoader"):
        OrreryType(lambda _c, _v: True, name="x", loader=5)  # type: ignore[arg-type]


def test_nothing_and_any_are_singular() -> None:
    assert resolve_type(types.Nothing) is NOTHING
    assert resolve_type(int | Any) is ANY
    assert OrreryType.from_builtin_enum(int).display_name == "Int"


def test_a_million_numbers_are_checked_without_a_call_each() -> None:
    calls = 0

    class Counting(PythonObjectType):
        def type_check(self, context: Any, value: Any) -> TypeCheck:
            nonlocal calls
            calls += 1
            return super().type_check(context, value)

    assert check_type(list[int], list(range(1_000_000))).success
    assert check_type(List[Counting(int)], [1, 2, 3]).success
    assert calls == 3
