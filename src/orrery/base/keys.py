"""
Keys: the names of assets and of asset checks.

A key part may be any text. What a part may look like as a file is decided elsewhere
(``base/names.py``), so that two keys that differ never share a place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from orrery.base.errors import InvalidDefinitionError
from orrery.base.records import RecordMeta, Replaceable

__all__ = [
    "AssetCheckKey",
    "AssetJobKey",
    "AssetKey",
    "AssetOrCheckKey",
    "CoercibleToAssetKey",
    "CoercibleToAssetKeyPrefix",
    "EntityKey",
    "key_named",
    "key_prefix_parts",
    "parse_asset_keys",
]

ASSET_KEY_DELIMITER = "/"

_PLAIN_IDENTIFIER = re.compile(r"[A-Za-z0-9_.\-]*\Z")
_NOT_IDENTIFIER = re.compile(r"[^A-Za-z0-9_]")


class AssetKey:
    """
    Name an asset: one or more parts of text, from the general to the special.

    A string is one part, whatever it holds; ``from_user_string`` splits at ``/``. Keys are
    immutable, ordered by their parts, and iterate their parts.

    Args:
        path: One part, the sequence of parts, or another key.

    Raises:
        InvalidDefinitionError: *path* is none of these, or a part is not text.

    >>> AssetKey(["users", "special"]).to_user_string()
    'users/special'
    >>> list(AssetKey("orders"))
    ['orders']
    """

    __slots__ = ("_hash", "parts")

    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str] | AssetKey) -> None:
        if type(path) is str:
            parts: tuple[str, ...] = (path,)
        elif isinstance(path, AssetKey):
            parts = path.parts
        else:
            parts = _checked_parts(path)
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "_hash", hash(parts))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"AssetKey is immutable: '{name}' cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"AssetKey is immutable: '{name}' cannot be deleted")

    @property
    def path(self) -> list[str]:
        """Return the parts as a new list."""
        return list(self.parts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        return self.parts[index]

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined, no-any-return]  # a slot set past __setattr__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AssetKey):
            return self.parts == other.parts
        return NotImplemented

    def __lt__(self, other: AssetKey) -> bool:
        return self.parts < other.parts

    def __le__(self, other: AssetKey) -> bool:
        return self.parts <= other.parts

    def __gt__(self, other: AssetKey) -> bool:
        return self.parts > other.parts

    def __ge__(self, other: AssetKey) -> bool:
        return self.parts >= other.parts

    def __repr__(self) -> str:
        return f"AssetKey({list(self.parts)!r})"

    def __reduce__(self) -> tuple[type[AssetKey], tuple[tuple[str, ...]]]:
        return AssetKey, (self.parts,)

    def to_string(self) -> str:
        """
        Return the key as JSON: unambiguous for any parts.

        >>> AssetKey(["a", "b"]).to_string()
        '["a", "b"]'
        """
        return json.dumps(self.parts)

    def to_db_string(self) -> str:
        """Return the key as it stands in records."""
        parts = self.parts
        if len(parts) == 1 and parts[0].isascii() and parts[0].isidentifier():  # nothing in it to escape
            return f'["{parts[0]}"]'
        return json.dumps(parts)

    def to_user_string(self) -> str:
        """Return the parts joined by ``/``, as people read and type them."""
        return ASSET_KEY_DELIMITER.join(self.parts)

    def to_escaped_user_string(self) -> str:
        r"""
        Return the parts joined by ``/``, with a backslash before each ``/`` and ``\`` inside a part.

        >>> print(AssetKey(["a/b", "c"]).to_escaped_user_string())
        a\/b/c
        """
        return ASSET_KEY_DELIMITER.join(part.replace("\\", "\\\\").replace("/", "\\/") for part in self.parts)

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """
        Return a name made of ASCII letters, digits and ``_`` for this key.

        ``-`` and ``.`` become ``_``; where a part holds anything else, a digest of the whole key is
        added, so that odd keys do not meet in one name.
        """
        parts = self.parts if suffix is None else (*self.parts, suffix)
        if len(parts) == 1 and parts[0].isidentifier() and parts[0].isascii():
            return parts[0]
        joined = "__".join(parts)
        if _PLAIN_IDENTIFIER.match(joined) and joined:
            return joined.replace("-", "_").replace(".", "_")
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]
        return f"{_NOT_IDENTIFIER.sub('_', joined)[:80]}_{digest}"

    def to_graphql_input(self) -> Mapping[str, Sequence[str]]:
        """Return the key as the mapping that web clients send."""
        return {"path": self.path}

    @staticmethod
    def from_graphql_input(graphql_input_asset_key: Mapping[str, Sequence[str]]) -> AssetKey:
        """Return the key that a web client sent."""
        return AssetKey(graphql_input_asset_key["path"])

    @staticmethod
    def from_user_string(asset_key_string: str) -> AssetKey:
        """Return the key whose parts are joined by ``/`` in *asset_key_string*."""
        return AssetKey(asset_key_string.split(ASSET_KEY_DELIMITER))

    @staticmethod
    def from_escaped_user_string(asset_key_string: str) -> AssetKey:
        """Return the key that ``to_escaped_user_string`` wrote."""
        parts, current, characters = [], "", iter(asset_key_string)
        for character in characters:
            if character == "\\":
                current += next(characters, "")
            elif character == ASSET_KEY_DELIMITER:
                parts.append(current)
                current = ""
            else:
                current += character
        return AssetKey([*parts, current])

    @staticmethod
    def from_db_string(asset_key_string: str | None) -> AssetKey | None:
        """Return the key that ``to_db_string`` wrote; None for None or nothing."""
        if not asset_key_string:
            return None
        if asset_key_string[0] == "[":
            return AssetKey(json.loads(asset_key_string))
        return AssetKey([part for part in re.split(r"[^\w]+", asset_key_string) if part])

    @staticmethod
    def get_db_prefix(path: Sequence[str]) -> str:
        """Return the text with which the record of every key below *path* begins."""
        return json.dumps(list(path))[:-2]

    @staticmethod
    def from_coercible(arg: CoercibleToAssetKey) -> AssetKey:
        """Return *arg* as a key: a key, one part, or the parts."""
        return arg if isinstance(arg, AssetKey) else AssetKey(arg)

    @staticmethod
    def from_coercible_or_definition(arg: Any) -> AssetKey:
        """Return the key of *arg*: anything that has a single ``key``, or is one."""
        if isinstance(arg, AssetKey | str | list | tuple):
            return AssetKey.from_coercible(arg)
        key = getattr(arg, "key", None)
        return key if isinstance(key, AssetKey) else AssetKey(arg)

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Tell whether the first parts are *prefix*."""
        return self.parts[: len(prefix)] == tuple(prefix)

    def with_prefix(self, prefix: CoercibleToAssetKeyPrefix) -> AssetKey:
        """Return the key with *prefix* (a part or parts) before its own parts."""
        return AssetKey((*key_prefix_parts(prefix), *self.parts))


CoercibleToAssetKey: TypeAlias = AssetKey | str | Sequence[str]
CoercibleToAssetKeyPrefix: TypeAlias = str | Sequence[str]


@lru_cache(maxsize=1 << 15)
def key_named(name: str) -> AssetKey:
    """
    Return the key of one part, the same object for the same name as a rule.

    An asset is named where it is declared and wherever it is taken; keys that are one object are quickly found equal.

    >>> key_named("orders")
    AssetKey(['orders'])
    """
    return AssetKey(name)


def _checked_parts(path: Any) -> tuple[str, ...]:
    if isinstance(path, str):
        return (str(path),)
    if not isinstance(path, Sequence | Iterator) or isinstance(path, bytes):
        raise InvalidDefinitionError(
            f"An asset key is text, a sequence of text, or another key, not {path!r} ({type(path).__name__}).",
            mend="""write AssetKey("name") or AssetKey(["prefix", "name"]).""",
        )
    parts = tuple(path)
    for index, part in enumerate(parts):
        if not isinstance(part, str):
            raise InvalidDefinitionError(
                f"Part {index + 1} of the asset key {list(parts)!r} is {part!r} ({type(part).__name__}), not text.",
                mend=f"write {str(part)!r}.",
            )
    return parts


def key_prefix_parts(prefix: CoercibleToAssetKeyPrefix | AssetKey | None) -> tuple[str, ...]:
    """Return *prefix* as parts: none for None, one for a string."""
    if prefix is None:
        return ()
    return AssetKey(prefix).parts


def parse_asset_keys(keys: Sequence[CoercibleToAssetKey]) -> tuple[AssetKey, ...]:
    """Return each of *keys* as a key."""
    return tuple(AssetKey.from_coercible(key) for key in keys)


class AssetJobKey(metaclass=RecordMeta):
    """
    Name a job of assets where assets and checks are named, too.

    Attributes:
        job_name: The name of the job.

    >>> AssetJobKey("nightly").to_user_string()
    'nightly'
    """

    __slots__ = ("job_name",)

    job_name: str

    def __init__(self, job_name: str) -> None:
        given: object = job_name
        if not isinstance(given, str):
            raise InvalidDefinitionError(
                f"The name of a job is text, not {given!r} ({type(given).__name__}).",
                mend=f"write AssetJobKey({str(given)!r}).",
            )
        object.__setattr__(self, "job_name", job_name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"AssetJobKey is immutable: '{name}' cannot be set")

    def __hash__(self) -> int:
        return hash(("job", self.job_name))

    def __eq__(self, other: object) -> bool:
        return self.job_name == other.job_name if isinstance(other, AssetJobKey) else NotImplemented

    def __lt__(self, other: AssetJobKey) -> bool:
        return self.job_name < other.job_name

    def __repr__(self) -> str:
        return f"AssetJobKey(job_name={self.job_name!r})"

    def __reduce__(self) -> tuple[type[AssetJobKey], tuple[str]]:
        return AssetJobKey, (self.job_name,)

    def to_user_string(self) -> str:
        """Return the name, as people read it."""
        return self.job_name

    @staticmethod
    def from_user_string(user_string: str) -> AssetJobKey:
        """Return the key that ``to_user_string`` wrote."""
        return AssetJobKey(user_string)

    def to_db_string(self) -> str:
        """Return the key as it stands in records."""
        return json.dumps({"job_name": self.job_name})

    @staticmethod
    def from_db_string(db_string: str) -> AssetJobKey | None:
        """Return the key that ``to_db_string`` wrote; None if *db_string* is no such text."""
        try:
            values = json.loads(db_string)
        except ValueError:
            return None
        if not isinstance(values, dict) or values.keys() != {"job_name"}:
            return None
        return AssetJobKey(values["job_name"])

    @staticmethod
    def from_graphql_input(graphql_input: Mapping[str, Any]) -> AssetJobKey:
        """Return the key that a web client sent."""
        return AssetJobKey(graphql_input["jobName"])


class AssetCheckKey(Replaceable):
    """
    Name a check of an asset.

    Attributes:
        asset_key: The asset that is checked.
        name: The name of the check, unique for this asset.

    >>> AssetCheckKey("orders", "not_null").to_user_string()
    'orders:not_null'
    """

    __slots__ = ("asset_key", "name")

    asset_key: AssetKey
    name: str

    def __init__(self, asset_key: CoercibleToAssetKey, name: str) -> None:
        object.__setattr__(self, "asset_key", AssetKey.from_coercible(asset_key))
        object.__setattr__(self, "name", name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"AssetCheckKey is immutable: '{name}' cannot be set")

    def __hash__(self) -> int:
        return hash((self.asset_key, self.name))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AssetCheckKey):
            return self.name == other.name and self.asset_key == other.asset_key
        return NotImplemented

    def __lt__(self, other: AssetCheckKey) -> bool:
        return (self.asset_key, self.name) < (other.asset_key, other.name)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.asset_key, self.name))

    def __repr__(self) -> str:
        return f"AssetCheckKey(asset_key={self.asset_key!r}, name={self.name!r})"

    def __reduce__(self) -> tuple[type[AssetCheckKey], tuple[AssetKey, str]]:
        return AssetCheckKey, (self.asset_key, self.name)

    def to_user_string(self) -> str:
        """Return ``asset:check``, as people read it."""
        return f"{self.asset_key.to_user_string()}:{self.name}"

    @staticmethod
    def from_user_string(user_string: str) -> AssetCheckKey:
        """Return the key that ``to_user_string`` wrote."""
        asset, _, name = user_string.rpartition(":")
        return AssetCheckKey(AssetKey.from_user_string(asset), name)

    def to_db_string(self) -> str:
        """Return the key as it stands in records."""
        return json.dumps({"asset_key": self.asset_key.to_db_string(), "check_name": self.name})

    @staticmethod
    def from_db_string(db_string: str) -> AssetCheckKey | None:
        """Return the key that ``to_db_string`` wrote; None if *db_string* is no such text."""
        try:
            values = json.loads(db_string)
        except ValueError:
            return None
        if not isinstance(values, dict) or values.keys() != {"asset_key", "check_name"}:
            return None
        asset_key = AssetKey.from_db_string(values["asset_key"])
        return None if asset_key is None else AssetCheckKey(asset_key, values["check_name"])

    @staticmethod
    def from_graphql_input(graphql_input: Mapping[str, Any]) -> AssetCheckKey:
        """Return the key that a web client sent."""
        return AssetCheckKey(AssetKey.from_graphql_input(graphql_input["assetKey"]), graphql_input["name"])

    def replace_asset_key(self, asset_key: AssetKey) -> AssetCheckKey:
        """Return the same check of another asset."""
        return AssetCheckKey(asset_key, self.name)

    def with_asset_key_prefix(self, prefix: CoercibleToAssetKeyPrefix) -> AssetCheckKey:
        """Return the key with *prefix* before the parts of its asset key."""
        return AssetCheckKey(self.asset_key.with_prefix(prefix), self.name)


EntityKey: TypeAlias = AssetKey | AssetCheckKey
AssetOrCheckKey: TypeAlias = EntityKey
