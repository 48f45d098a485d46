"""What a class declares and somebody wrote in it is seen, of whatever kind the class is; what is made from it is not."""

from typing import Any

import pytest

from orrery.plan.fingerprint.facts import Reach
from orrery.plan.fingerprint.reach import Reacher
from orrery.runtime.engine.code_facts import InstalledCode

CASES = {
    "new": ("class C:\n    def __new__(cls):\n        return RESULT\n", "C()"),
    "init of subclasses": (
        "class B:\n    def __init_subclass__(cls):\n        cls.x = RESULT\nclass C(B):\n    pass\n",
        "C.x",
    ),
    "item of the class": ("class C:\n    def __class_getitem__(cls, key):\n        return RESULT\n", "C[1]"),
    "hash": ("class C:\n    def __hash__(self):\n        return RESULT\n", "hash(C())"),
    "descriptor": ("class D:\n    def __get__(self, *given):\n        return RESULT\nclass C:\n    d = D()\n", "C().d"),
    "dataclass, default": ("import dataclasses\n@dataclasses.dataclass\nclass C:\n    y: int = RESULT\n", "C()"),
    "dataclass, factory": (
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    y: list = dataclasses.field(default_factory=lambda: [RESULT])\n",
        "C()",
    ),
    "dataclass, after init": (
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    y: int = 1\n    def __post_init__(self):\n        self.y = RESULT\n",
        "C()",
    ),
    "dataclass, order": (
        "import dataclasses\n@dataclasses.dataclass(order=RESULT == 2)\nclass C:\n    y: int = 1\n",
        "C()",
    ),
    "struct, default": ("import msgspec\nclass C(msgspec.Struct):\n    y: int = RESULT\n", "C()"),
    "struct, factory": (
        "import msgspec\nclass C(msgspec.Struct):\n    y: list = msgspec.field(default_factory=lambda: [RESULT])\n",
        "C()",
    ),
    "struct, order": ("import msgspec\nclass C(msgspec.Struct, order=RESULT == 2):\n    y: int = 1\n", "C()"),
    "attrs": ("import attrs\n@attrs.define\nclass C:\n    y: int = RESULT\n", "C()"),
    "model, bound": (
        "import pydantic\nclass C(pydantic.BaseModel):\n    y: int = pydantic.Field(9, gt=RESULT)\n",
        "C()",
    ),
    "model, config": (
        "import pydantic\nclass C(pydantic.BaseModel):\n    model_config = {'frozen': RESULT == 2}\n    y: int = 9\n",
        "C()",
    ),
    "model, validator": (
        "import pydantic\nclass C(pydantic.BaseModel):\n    y: int = 9\n    @pydantic.field_validator('y')\n    @classmethod\n"
        "    def check(cls, y):\n        return RESULT\n",
        "C()",
    ),
    "model, function in a type": (
        "import pydantic, typing\ndef check(y):\n    return RESULT\nclass C(pydantic.BaseModel):\n"
        "    y: typing.Annotated[int, pydantic.AfterValidator(check)] = 9\n",
        "C()",
    ),
    "enumeration, method": (
        "import enum\nclass C(enum.Enum):\n    A = 1\n    def f(self):\n        return RESULT\n",
        "C.A.f()",
    ),
    "enumeration, member": ("import enum\nclass C(enum.Flag):\n    A = RESULT\n", "C.A"),
    "named tuple": ("import typing\nclass C(typing.NamedTuple):\n    a: int = RESULT\n", "C()"),
    "names of positions": (
        "class C:\n    __match_args__ = ('x',) if RESULT == 1 else ('y',)\n    x, y = 1, 2\n",
        "C()",
    ),
    "name with two underscores": ("class C:\n    __tablename__ = 'sales' * RESULT\n", "C.__tablename__"),
    "cached call": (
        "import functools\nclass C:\n    @functools.cache\n    def __call__(self):\n        return RESULT\n",
        "C()()",
    ),
    "attribute of a function": ("def C():\n    return C.rate\nC.rate = RESULT\n", "C()"),
    "compiled code": ("C = compile('1 + RESULT', '<given>', 'eval')\n", "eval(C)"),
    "type that holds a function": (
        "import typing\ndef check(y):\n    return RESULT\nC = typing.Annotated[int, check]\n",
        "C",
    ),
}


def reached(source: str, call: str, result: str) -> Reach:
    """Return what a function reaches that says *call*, in a module with this source."""
    spread: dict[str, Any] = {"__name__": "classes_target"}
    exec(f"{source.replace('RESULT', result)}\ndef target():\n    return {call}\n", spread)
    return Reacher(InstalledCode()).reach(spread["target"])


@pytest.mark.parametrize(("source", "call"), CASES.values(), ids=CASES)
def test_a_change_in_a_class_is_seen_and_the_same_source_is_the_same(source: str, call: str) -> None:
    """Each time all is made anew, at other addresses."""
    one = reached(source, call, "1")
    assert one.parts == reached(source, call, "1").parts
    assert one.parts != reached(source, call, "2").parts


def test_what_a_function_counts_on_itself_is_state() -> None:
    source = "def counted():\n    counted.calls += 1\ncounted.calls = RESULT\n"
    assert reached(source, "counted()", "1").parts == reached(source, "counted()", "2").parts


OF_PARAMETERS = {
    "method of config": (
        "import orrery\nclass C(orrery.Config):\n    y: int = 1\n    def f(self):\n        return RESULT\n",
        True,
    ),
    "validator of config": (
        "import orrery, pydantic\nclass C(orrery.Config):\n    y: int = 1\n    @pydantic.field_validator('y')\n    @classmethod\n"
        "    def check(cls, y):\n        return RESULT\n",
        True,
    ),
    "default of config": (
        "import orrery\nclass C(orrery.Config):\n    y: int = RESULT\n    def f(self):\n        return 1\n",
        False,
    ),
    "property": ("class C:\n    @property\n    def f(self):\n        return RESULT\n", True),
    "method of a base": ("class B:\n    def f(self):\n        return RESULT\nclass C(B):\n    pass\n", True),
    "by its name": ("from __future__ import annotations\nclass C:\n    def f(self):\n        return RESULT\n", True),
    "constant": ("class C:\n    K = RESULT\n    def f(self):\n        return self.K\n", True),
    "cached property": (
        "import functools\nclass C:\n    @functools.cached_property\n    def f(self):\n        return RESULT\n",
        True,
    ),
    "cached method": (
        "import functools\nclass C:\n    @functools.cache\n    def f(self):\n        return RESULT\n",
        True,
    ),
    "filled-in method": (
        "import functools\nclass C:\n    def g(self, x):\n        return x\n    f = functools.partialmethod(g, RESULT)\n",
        True,
    ),
    "member of an enumeration": ("import enum\nclass C(enum.Enum):\n    f = RESULT\n", True),
    "constant of config": (
        "import orrery, typing\nclass C(orrery.Config):\n    K: typing.ClassVar[int] = RESULT\n    def f(self):\n"
        "        return self.K\n",
        True,
    ),
    "cached property of config": (
        "import orrery, functools\nclass C(orrery.Config):\n    @functools.cached_property\n    def f(self):\n        return RESULT\n",
        True,
    ),
    "inside": ("class D:\n    def f(self):\n        return RESULT\nC = dict[str, list[D] | None]\n", True),
    "resource that is no class of ours": (
        "import orrery\nclass D:\n    def f(self):\n        return RESULT\nC = orrery.ResourceParam[D]\n",
        False,
    ),
    "resource": (
        "import orrery\nclass C(orrery.ConfigurableResource):\n    y: int = 1\n    def f(self):\n        return RESULT\n",
        False,
    ),
}


@pytest.mark.parametrize(("source", "is_seen"), OF_PARAMETERS.values(), ids=OF_PARAMETERS)
@pytest.mark.parametrize("annotation", ["C", "list[C]", "C | None", "'dict[str, C | None]'", "typing.Annotated[C, 1]"])
def test_what_the_class_of_a_parameter_does_is_seen(source: str, is_seen: bool, annotation: str) -> None:
    """Fields of config count by their values, and resources by their identity; what an annotation holds inside is seen, too."""

    def of(result: str) -> Reach:
        spread: dict[str, Any] = {"__name__": "classes_target"}
        exec(
            f"{source.replace('RESULT', result)}\nimport typing\ndef target(c: {annotation}):\n    return c.f\n", spread
        )
        return Reacher(InstalledCode()).reach(spread["target"])

    assert of("1").parts == of("1").parts
    assert (of("1").parts != of("2").parts) is is_seen
    assert not any(name.startswith("pydantic") for name in of("1").parts)
