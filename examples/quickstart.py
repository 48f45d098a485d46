"""Three assets in one file, no project: run it with ``python quickstart.py``."""

import orrery as og


@og.asset
def numbers() -> list[int]:
    """The first ten numbers."""
    return list(range(10))


@og.asset
def squares(numbers: list[int]) -> list[int]:
    """The square of each: what an asset needs is what its arguments are called."""
    return [number**2 for number in numbers]


@og.asset
def total(squares: list[int]) -> int:
    """Their sum."""
    return sum(squares)


if __name__ == "__main__":
    result = og.materialize([numbers, squares, total])
    for name in ("numbers", "squares", "total"):
        print(f"{name:>8}  {result.output_for_node(name)}")
