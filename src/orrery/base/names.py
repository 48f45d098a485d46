"""
Names as files: one reversible encoding of any text into one part of a path.

Keys come from users and may hold anything: ``..``, ``/``, NUL, emoji, a newline, ``CON``. Here they
become path parts that every file system takes, that differ whenever the texts differ - also where
upper and lower case are one, or where names are normalised as Unicode - and that read like the text
where the text is ordinary::

    orders                     orders
    orders.v2                  orders.v2
    A                          %41
    ..                         %2e%2e
    a/b                        a%2fb
    (empty)                    %

The rules:

- ``a-z 0-9 _ -`` stay, and ``.`` stays inside a name. Everything else becomes the bytes of its UTF-8
  form, each as ``%`` and two lower-case digits. The outcome is lower-case ASCII, so folding case
  changes nothing and two texts never meet.
- A leading or trailing ``.`` is encoded: no hidden files (those are ours), no ``..``, nothing that
  Windows drops. The first letter of a device name (``con``, ``nul.txt``) is encoded.
- What would be longer than 200 bytes is cut and given ``~`` and a SHA-256 of the whole encoding. Such
  a name is reversed through a *note*: a file beside it (``note_name``) that holds the text; who writes
  the value writes the note first. ``~`` occurs in no other name.

A key, a sequence of parts, becomes a relative path (``key_path``). The names of directories hold no
``.`` and those of files end in an extension, so a key is a file or a directory, never both, and one
key may be the beginning of another. The parts of partitions bear a ``=`` (``partition=2024-01-01``),
which no key's name has.

>>> key_path(["sales", "orders"], extension=".parquet")
'sales/orders.parquet'
>>> key_path(["sales/orders"], extension=".parquet")
'sales%2forders.parquet'
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "MAX_NAME_BYTES",
    "decode_part",
    "encode_part",
    "is_shortened",
    "key_from_path",
    "key_path",
    "labelled_part",
    "note_name",
    "notes_of_key",
    "partition_path",
]

MAX_NAME_BYTES = 200
MAX_PATH_BYTES = 1_500

_EMPTY = "%"
_CUT = "~"
_KEPT_BYTES = MAX_NAME_BYTES - 65
_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-.")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|\Z)")
_ORDINARY = re.compile(rf"(?!{_DEVICE.pattern})[a-z0-9_-](?:[a-z0-9_.-]{{0,198}}[a-z0-9_-])?\Z")
_CODE = re.compile(r"%([0-9a-f]{2})")
_SPLIT_CODE = re.compile(r"%[0-9a-f]?\Z")
_ENCODED = re.compile(r"(?:[a-z0-9_.-]|%[0-9a-f]{2})+\Z")


def encode_part(text: str) -> str:
    """
    Return *text* as the name of a file: lower-case ASCII, at most 200 bytes, never ``.`` or ``..``.

    >>> encode_part("orders_2024-01.v2")
    'orders_2024-01.v2'
    >>> encode_part("Orders"), encode_part("con"), encode_part("a/b")
    ('%4frders', '%63on', 'a%2fb')
    """
    if _ORDINARY.match(text):
        return text
    return _bounded(_encoded(text))


def decode_part(name: str, notes: Mapping[str, str] | Callable[[str], str] | None = None) -> str:
    """
    Return the text that ``encode_part`` turned into *name*.

    Args:
        name: One part of a path.
        notes: For shortened names: the text by name, as read from the notes beside them.

    Raises:
        ValueError: *name* is no such name, or it was shortened and *notes* does not know it.

    >>> decode_part("%4frders")
    'Orders'
    """
    if is_shortened(name):
        text = _noted(name, notes)
        if encode_part(text) != name:
            raise ValueError(f"the note of {name!r} belongs to another name")
        return text
    text = _decoded(name)
    if encode_part(text) != name:
        raise ValueError(f"{name!r} is not the name of any text")
    return text


def is_shortened(name: str) -> bool:
    """Tell whether *name* was cut, so that only a note tells its text."""
    return _CUT in name


def note_name(name: str) -> str:
    """Return the name of the note that holds the text of the shortened *name*; it lies beside it."""
    return f".{name}.name"


def labelled_part(label: str, text: str) -> str:
    """
    Return a name for *text* that says what it is: ``label=text``.

    No name that ``encode_part`` gives holds ``=``, so values of a partition never meet those of a key.

    >>> labelled_part("date", "2024-01-01")
    'date=2024-01-01'
    """
    return _bounded(f"{_encoded(label)}={_encoded(text).replace('.', '%2e')}")


def partition_path(keys: Mapping[str, str]) -> str:
    """
    Return the path of a partition below its asset: one labelled part for each dimension.

    >>> partition_path({"date": "2024-01-01", "region": "EU"})
    'date=2024-01-01/region=%45%55'
    """
    return "/".join(labelled_part(label, text) for label, text in sorted(keys.items()))


def key_path(parts: Sequence[str], *, extension: str = "") -> str:
    """
    Return the path of a key, relative to the place where values are kept, with ``/`` between names.

    With an *extension* no key's file is another key's directory. Without one that cannot be
    promised (``["a"]`` and ``["a", "b"]``): the writer refuses the second of the two.

    Args:
        parts: The parts of the key; at least one.
        extension: Ending of the file's name, with its dot (``".parquet"``), or nothing.

    Raises:
        ValueError: *parts* is empty.

    >>> key_path(["a", "b"], extension=".pickle")
    'a/b.pickle'
    >>> key_path(["v1.2", "b"], extension=".pickle")
    'v1%2e2/b.pickle'
    """
    if not parts:
        raise ValueError("a key has at least one part")
    name = encode_part(parts[-1]) + extension
    if len(parts) == 1:
        return name
    folders = "/".join([_folder(part) for part in parts[:-1]])
    if len(folders) > MAX_PATH_BYTES:
        folders = _CUT + hashlib.sha256(json.dumps(list(parts[:-1])).encode()).hexdigest()
    return f"{folders}/{name}"


def key_from_path(
    path: str, *, extension: str = "", notes: Mapping[str, str] | Callable[[str], str] | None = None
) -> tuple[str, ...]:
    """
    Return the parts of the key whose ``key_path`` is *path*.

    Args:
        path: Relative path with ``/`` between names.
        extension: As given to ``key_path``.
        notes: Texts of shortened names, by name.

    Raises:
        ValueError: *path* is the path of no key, or a note is missing.

    >>> key_from_path("v1%2e2/b.pickle", extension=".pickle")
    ('v1.2', 'b')
    """
    *folders, name = path.split("/")
    if not name.endswith(extension):
        raise ValueError(f"{path!r} does not end in {extension!r}")
    last = decode_part(name[: len(name) - len(extension)], notes)
    if len(folders) == 1 and folders[0].startswith(_CUT):
        first = json.loads(_noted(folders[0], notes))
        parts = (*first, last)
    else:
        parts = (*(_folder_text(folder, notes) for folder in folders), last)
    if key_path(parts, extension=extension) != path:
        raise ValueError(f"{path!r} is not the path of any key")
    return parts


def notes_of_key(parts: Sequence[str], *, extension: str = "") -> Iterable[tuple[str, str]]:
    """
    Return the notes that ``key_path`` of the same key needs: relative path and text, none as a rule.

    >>> list(notes_of_key(["a", "b"]))
    []
    """
    path = key_path(parts, extension=extension)
    if _CUT not in path:
        return ()
    *folders, _ = path.split("/")
    notes: list[tuple[str, str]] = []
    if folders and folders[0].startswith(_CUT):
        notes.append((note_name(folders[0]), json.dumps(list(parts[:-1]))))
    else:
        for index, folder in enumerate(folders):
            if is_shortened(folder):
                notes.append(("/".join([*folders[:index], note_name(folder)]), parts[index]))
    name = encode_part(parts[-1])
    if is_shortened(name):
        notes.append(("/".join([*folders, note_name(name)]), parts[-1]))
    return notes


def _encoded(text: str) -> str:
    """Return *text* encoded at whatever length."""
    if not text:
        return _EMPTY
    data = text.encode("utf-8", "surrogatepass")
    name = "".join([chr(byte) if byte in _SAFE else f"%{byte:02x}" for byte in data])
    if name[0] == ".":
        name = "%2e" + name[1:]
    if name[-1] == ".":
        name = name[:-1] + "%2e"
    if _DEVICE.match(name):
        name = f"%{ord(name[0]):02x}{name[1:]}"
    return name


def _decoded(name: str) -> str:
    if name == _EMPTY:
        return ""
    if not _ENCODED.match(name):
        raise ValueError(f"{name!r} is not the name of any text")
    data = _CODE.sub(lambda match: chr(int(match[1], 16)), name).encode("latin-1")
    return data.decode("utf-8", "surrogatepass")


def _bounded(encoded: str) -> str:
    """Return *encoded*, or its beginning and a digest of the whole when it is too long for a name."""
    if len(encoded) <= MAX_NAME_BYTES:
        return encoded
    kept = _SPLIT_CODE.sub("", encoded[:_KEPT_BYTES]).rstrip(".")
    return f"{kept}{_CUT}{hashlib.sha256(encoded.encode()).hexdigest()}"


def _folder(part: str) -> str:
    """Return the name of the directory of *part*: as the file's, but without any dot."""
    name = encode_part(part)
    return name if "." not in name else _bounded(_encoded(part).replace(".", "%2e"))


def _folder_text(name: str, notes: Mapping[str, str] | Callable[[str], str] | None) -> str:
    text = _noted(name, notes) if is_shortened(name) else _decoded(name)
    if _folder(text) != name:
        raise ValueError(f"{name!r} is not the directory of any key part")
    return text


def _noted(name: str, notes: Mapping[str, str] | Callable[[str], str] | None) -> str:
    if notes is None:
        raise ValueError(f"{name!r} was shortened: its text stands in the note {note_name(name)!r} beside it")
    try:
        return notes(name) if callable(notes) else notes[name]
    except KeyError:
        raise ValueError(f"the note of {name!r} is missing") from None
