"""
The form of a function's body in which only what it does counts.

From the source where there is one: the syntax tree without positions, docstrings, annotations and decorators, so
that comments, white space and line breaks do not count. Else from the bytecode: instructions with their
arguments resolved and jumps as distances in instructions. Default values, closures and what decorators made of
the function are values, and followed as such (``reach.py``).
"""

from __future__ import annotations

import ast
import dis
import hashlib
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from orrery.plan.fingerprint.canonical import Canonical

__all__ = ["FORM_VERSION", "WHOLE", "CodeForm", "Reference", "Scan", "bytecode_digest", "scan_code", "source_digest"]

FORM_VERSION = 3
"""Raised when :func:`source_digest` or :func:`scan_code` tells another thing of the same code: what was kept counts no more."""

WHOLE = "*"
"""Stands for the name of what is taken from a module, where that is the module itself."""

_OPS = dis.opmap
_EXTENDED = _OPS["EXTENDED_ARG"]
_SILENT = frozenset({_OPS["NOP"], _OPS["CACHE"], _OPS["RESUME"]} if "CACHE" in _OPS else {_OPS["NOP"]})
_LOADS_GLOBAL = frozenset({_OPS["LOAD_GLOBAL"], _OPS["LOAD_NAME"]})
_LOADS_FREE = frozenset(_OPS[name] for name in ("LOAD_DEREF", "LOAD_CLASSDEREF") if name in _OPS)
_LOADS_ATTRIBUTE = frozenset(_OPS[name] for name in ("LOAD_ATTR", "LOAD_METHOD") if name in _OPS)
_STORES_ITEM = frozenset({_OPS["STORE_SUBSCR"], _OPS["DELETE_SUBSCR"]})
_STORES_ATTRIBUTE = frozenset({_OPS["STORE_ATTR"], _OPS["DELETE_ATTR"]})
_LOADS_LOCAL = frozenset(_OPS[name] for name in ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF") if name in _OPS)
_STORES_LOCAL = frozenset({_OPS["STORE_FAST"], _OPS["STORE_DEREF"]})
_BETWEEN = frozenset(_OPS[name] for name in ("SWAP", "POP_TOP", "ROT_TWO") if name in _OPS)
_COPIES = _OPS.get("COPY", -1)
_GLOBAL_SHIFT = 1
_MUTATORS = frozenset(
    "append extend insert remove pop clear sort reverse add discard update difference_update intersection_update "
    "symmetric_difference_update setdefault popitem appendleft extendleft popleft rotate put put_nowait write "
    "writelines".split()
)


class Reference(NamedTuple):
    """
    A name that a function reads from outside of itself.

    Attributes:
        name: The name.
        attributes: What it reads of it: ``("path", "join")`` of ``os.path.join``.
        is_free: Whether it comes from an enclosing function, and not from the module.
    """

    name: str
    attributes: tuple[str, ...]
    is_free: bool


class Scan(NamedTuple):
    """
    What the bytecode of a function, and of the functions in it, names.

    Attributes:
        references: What it reads from outside.
        imports: Modules that it imports while it runs, with what it takes from each: (level, module, name); the name is
            ``*`` where it takes the module itself, and None for the import alone.
        written: Names from outside whose values it changes in place or sets: state, and no input.
    """

    references: tuple[Reference, ...]
    imports: tuple[tuple[int, str, str | None], ...]
    written: frozenset[str]


class CodeForm(NamedTuple):
    """
    What is known of a code object whose source was found.

    Attributes:
        digest: The digest of its source (:func:`source_digest`).
        scan: What it names.
        last: The last line of its source.
    """

    digest: str
    scan: Scan
    last: int


class _Instruction(NamedTuple):
    op: int
    arg: int
    at: int


def _instructions(code: CodeType) -> list[_Instruction]:
    raw = code.co_code
    found: list[_Instruction] = []
    high = 0
    for at in range(0, len(raw), 2):
        op = raw[at]
        arg = raw[at + 1] | high
        if op == _EXTENDED:
            high = arg << 8
            continue
        high = 0
        if op not in _SILENT:
            found.append(_Instruction(op, arg, at))
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Iterate the code object and all that are in it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def scan_code(code: CodeType) -> Scan:
    """Return what *code* reads, imports and changes outside of itself."""
    references: dict[Reference, None] = {}
    imports: dict[tuple[int, str, str | None], None] = {}
    written: set[str] = set()
    outer = frozenset(code.co_freevars)
    codes = [(each, _instructions(each)) for each in _codes(code)]
    for each, steps in codes:
        _scan_one(each, steps, outer, references, written)
    _scan_imports(codes, imports)
    return Scan(tuple(references), tuple(imports), frozenset(written))


def _scan_one(
    code: CodeType,
    steps: list[_Instruction],
    outer: frozenset[str],
    references: dict[Reference, None],
    written: set[str],
) -> None:
    names = code.co_names
    local_names = code.co_varnames + code.co_cellvars + code.co_freevars
    cells = getattr(code, "_varname_from_oparg", None)
    for index, (op, arg, _) in enumerate(steps):
        if op in _LOADS_GLOBAL:
            name, is_free = names[arg >> _GLOBAL_SHIFT if op == _OPS["LOAD_GLOBAL"] else arg], False
        elif op in _LOADS_FREE:
            name, is_free = cells(arg) if cells is not None else local_names[arg], True
            if name not in outer:
                continue
        elif op == _OPS["STORE_GLOBAL"]:
            written.add(names[arg])
            continue
        elif op == _OPS["STORE_DEREF"]:
            name = cells(arg) if cells is not None else local_names[arg]
            if name in outer:
                written.add(name)
            continue
        else:
            continue
        following = steps[index + 1 : index + 8]
        attributes = _attributes(code, following)
        if _is_written(following, attributes):
            written.add(name)
        references[Reference(name, tuple(attributes), is_free)] = None


def _attributes(code: CodeType, following: list[_Instruction]) -> list[str]:
    """Return the attributes that are read, one of the other, of a value that was loaded just before."""
    found: list[str] = []
    for step in following:
        if step.op not in _LOADS_ATTRIBUTE:
            break
        found.append(code.co_names[step.arg])
    return found


# -- imports while it runs -------------------------------------------------------------------------


def _scan_imports(
    codes: list[tuple[CodeType, list[_Instruction]]], imports: dict[tuple[int, str, str | None], None]
) -> None:
    bound: dict[str, dict[tuple[str, str], None]] = {}
    """By name: the modules that ``import`` bound to it, each with the module that the name itself stands for."""
    for code, steps in codes:
        module: tuple[int, str] | None = None
        for index, step in enumerate(steps):
            if step.op == _OPS["IMPORT_NAME"]:
                level = _constant(code, steps[index - 2])
                module = (level if isinstance(level, int) else 0, code.co_names[step.arg])
                imports[(*module, None)] = None
                if _constant(code, steps[index - 1]) is None:
                    _bind(code, steps[index + 1 :], module[1], bound, imports)
                    module = None
            elif step.op == _OPS["IMPORT_FROM"] and module is not None:
                imports[(*module, code.co_names[step.arg])] = None
    if not bound:
        return
    for code, steps in codes:
        for index, step in enumerate(steps):
            name = _local_loaded(code, step)
            for module_name, stands_for in bound.get(name, ()) if name is not None else ():
                chain = _attributes(code, steps[index + 1 : index + 8])
                imports[(0, *_taken(module_name, stands_for, chain))] = None


def _bind(
    code: CodeType,
    following: list[_Instruction],
    module: str,
    bound: dict[str, dict[tuple[str, str], None]],
    imports: dict[tuple[int, str, str | None], None],
) -> None:
    """Note which name ``import a.b`` (the name *a*, which stands for ``a``) or ``import a.b as c`` binds."""
    stands_for = module.partition(".")[0]
    for step in following:
        if step.op == _OPS["IMPORT_FROM"] or step.op in _BETWEEN:
            stands_for = module
            continue
        if step.op in _STORES_LOCAL:
            bound.setdefault(_local(code, step), {})[module, stands_for] = None
        else:  # a global name, or one of a class: whoever reads it is not looked for
            imports[0, module, WHOLE] = None
        return


def _taken(module: str, stands_for: str, chain: list[str]) -> tuple[str, str]:
    """Return the module, and what is taken of it, where *chain* is read of the name that stands for *stands_for*."""
    below = module.split(".")[1:] if stands_for != module else []
    if below and chain[: len(below)] != below:
        return stands_for, chain[0] if chain else WHOLE
    rest = chain[len(below) :]
    return module, rest[0] if rest else WHOLE


def _local_loaded(code: CodeType, step: _Instruction) -> str | None:
    return _local(code, step) if step.op in _LOADS_LOCAL else None


def _local(code: CodeType, step: _Instruction) -> str:
    cells = getattr(code, "_varname_from_oparg", None)
    return cells(step.arg) if cells is not None else (code.co_varnames + code.co_cellvars + code.co_freevars)[step.arg]


def _constant(code: CodeType, step: _Instruction) -> object:
    return code.co_consts[step.arg] if step.op == _OPS["LOAD_CONST"] else 0


def _is_written(following: list[_Instruction], attributes: list[str]) -> bool:
    """Tell whether what comes after the load of a value changes that value in place."""
    if len(attributes) == 1 and attributes[0] in _MUTATORS:
        return True
    if following and following[0].op in _STORES_ATTRIBUTE:
        return True
    if len(following) > 1:
        first, second = following[0].op, following[1].op
        if second in _STORES_ITEM or second == _COPIES:  # x[key] = ...; x[key] += ...
            return True
        if first == _COPIES and second in _LOADS_ATTRIBUTE:  # x.name += ...
            return True
    return False


# -- the form ------------------------------------------------------------------------------------


def source_digest(node: ast.AST) -> str:
    r"""
    Return the digest of a function's or class's syntax tree.

    >>> one = ast.parse("def f(x):\n    return x + 1  # more").body[0]
    >>> two = ast.parse("@cached\ndef f(x: int):\n    'Add.'\n    return (x +\n            1)").body[0]
    >>> source_digest(one) == source_digest(two)
    True
    """
    out: list[str] = []
    _write(node, out)
    return hashlib.sha256("\x1f".join(out).encode("utf-8", "surrogatepass")).hexdigest()


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OUTSIDE = frozenset({"decorator_list", "returns", "type_comment", "annotation", "ctx", "kind", "type_params"})


def _write(node: object, out: list[str], depth: int = 0, in_class: bool = False) -> None:
    if isinstance(node, ast.AST):
        if isinstance(node, ast.AnnAssign) and in_class:
            out.append(f"field {ast.unparse(node.annotation)}")  # it may declare a field
        elif isinstance(node, ast.AnnAssign):
            if node.value is None:
                return  # a note for readers
            out.append("Assign")
            _write([node.target], out, depth + 1)
            _write(node.value, out, depth + 1)
            out.append(")")
            return
        kind = type(node).__name__
        out.append(kind)
        for name in node._fields:
            if name in _OUTSIDE and (depth == 0 or name != "decorator_list"):
                continue
            value = getattr(node, name, None)
            if depth == 0 and name in ("args", "bases", "keywords") and isinstance(node, (*_FUNCTIONS, ast.Lambda)):
                _write_parameters(value, out)
                continue
            if name == "body" and isinstance(value, list):
                value = _without_docstring(value)
            _write(value, out, depth + 1, in_class=isinstance(node, ast.ClassDef) and name == "body")
        out.append(")")
    elif isinstance(node, list):
        out.append("[")
        for each in node:
            _write(each, out, depth + 1, in_class)
        out.append("]")
    else:
        out.append(f"{type(node).__name__}:{node!r}")


def _write_parameters(given: object, out: list[str]) -> None:
    """Write the names and kinds of a function's parameters; their defaults are values, and followed as such."""
    if not isinstance(given, ast.arguments):
        return
    for group in (given.posonlyargs, given.args, given.kwonlyargs):
        out.append("(" + ",".join(each.arg for each in group) + ")")
    out.append(f"*{given.vararg.arg if given.vararg else ''}")
    out.append(f"**{given.kwarg.arg if given.kwarg else ''}")


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    kept = [
        each
        for each in body
        if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)) and not isinstance(each, ast.Pass)
    ]
    return kept


def bytecode_digest(code: CodeType) -> str:
    """Return the digest of what *code* does, where there is no source to look at."""
    writer = Canonical(_form_of_constant)
    writer.write(_bytecode(code))
    return writer.hexdigest()


def _form_of_constant(value: object) -> bytes | None:
    return bytecode_digest(value).encode() if isinstance(value, CodeType) else None


def _bytecode(code: CodeType) -> list[object]:
    steps = _instructions(code)
    position = {step.at: index for index, step in enumerate(steps)}
    targets = {each.offset: each.argval for each in dis.get_instructions(code) if each.opcode in _JUMPS}
    cells = getattr(code, "_varname_from_oparg", None)
    out: list[object] = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & 0x2AC]
    skipped = -1
    for index, (op, arg, at) in enumerate(steps):
        if index == skipped:
            continue
        if op == _OPS["LOAD_CONST"] and index + 1 < len(steps) and _stores_doc(code, steps[index + 1]):
            skipped = index + 1
            continue
        out.append(dis.opname[op])
        if op in _JUMPS:
            target = targets.get(at, -1)
            later = next((position[each] for each in range(target, len(code.co_code) + 2, 2) if each in position), -1)
            out.append(later)
        elif op == _OPS["LOAD_CONST"]:
            out.append(code.co_consts[arg])
        elif op == _OPS["LOAD_GLOBAL"]:
            out.append([code.co_names[arg >> _GLOBAL_SHIFT], arg & 1])
        elif op in dis.hasname and arg < len(code.co_names):
            out.append(code.co_names[arg])
        elif (op in dis.haslocal or op in dis.hasfree) and cells is not None:
            out.append(cells(arg))
        else:
            out.append(arg)
    return out


_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)


def _stores_doc(code: CodeType, step: _Instruction) -> bool:
    return step.op == _OPS["STORE_NAME"] and code.co_names[step.arg] == "__doc__"
