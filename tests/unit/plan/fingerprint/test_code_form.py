"""The form of a function is what earlier releases found it to be: else all values would be made again."""

import ast
import hashlib
import textwrap

from orrery.plan.fingerprint.canonical import canonical_digest
from orrery.plan.fingerprint.code_form import FORM_VERSION, scan_code, source_digest

SAMPLE = '''
def sample(a, b=1, *rest, c: int = 2, **more):
    """Do many things."""
    from os import path as p
    total: int = 0
    for each in rest:
        if each in (1, 2.5, "x", b"y", None, True, ...):
            total += helpers.scale(each)[0]
        else:
            seen.append(each)
    with open(p.join("a", str(total))) as file, suppress(OSError):
        more["text"] = [f"{line!r:>{a}}" for line in file if (n := len(line)) > 3]
    try:
        table.rows[b] = lambda x: x + total
    except (ValueError, KeyError) as error:
        raise Problem(total) from error
    finally:
        del more
    return {**{}, "k": not a, 3: -b, "n": LIMIT @ a if a else await_none}
'''


def test_the_form_of_a_sample_is_the_one_that_is_recorded() -> None:
    """Raise ``FORM_VERSION`` together with what stands here: forms are kept between processes under that number."""
    tree = ast.parse(SAMPLE)
    spread: dict[str, object] = {}
    exec(compile(tree, "sample.py", "exec", dont_inherit=True), spread)
    scan = scan_code(spread["sample"].__code__)  # type: ignore[attr-defined]  # a function
    assert (FORM_VERSION, source_digest(tree.body[0])[:16]) == (3, "04152b1a7b57b6f1")
    assert {each.name: each.attributes for each in scan.references if each.attributes} == {
        "helpers": ("scale",),
        "seen": ("append",),
        "table": ("rows",),
    }
    assert sorted(each.name for each in scan.references if not each.attributes) == (
        "KeyError LIMIT OSError Problem ValueError await_none len open str suppress".split()
    )
    assert (scan.imports, scan.written) == (((0, "os", None), (0, "os", "path")), {"seen"})


def test_annotations_inside_of_a_function_do_not_count() -> None:
    """Of a local variable with a value, and of one without; of a field of a class they do."""

    def digest(body: str) -> str:
        return source_digest(ast.parse(f"def f():\n{textwrap.indent(body, '    ')}\n").body[0])

    assert digest("n = 1\nreturn n") == digest("n: int = 1\nreturn n") == digest("n: int\nn = 1\nreturn n")
    assert digest("n = 1\nreturn n") != digest("n: int = 2\nreturn n")
    assert digest("class C:\n    n = 1") != digest("class C:\n    n: int = 1")


def test_digests_of_text_keys_are_those_of_any_text() -> None:
    """The short way for keys that are text writes what the long way writes: here by hand."""
    form = hashlib.sha256(b"s" + (1).to_bytes(8, "big") + b"k").digest()
    whole = hashlib.sha256(b"d" + (1).to_bytes(8, "big") + form + b"n").hexdigest()
    assert canonical_digest({"k": None}) == whole
