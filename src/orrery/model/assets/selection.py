"""
Selections: ways to name some assets and checks of a graph, before the graph is known.

``AssetSelection`` is the front: its static methods make the plain selections, its methods and the
operators ``|``, ``&`` and ``-`` build on them. A selection of assets takes their checks along. Each
kind of selection is a small frozen value below; it says what it resolves to, and how it is written
(``syntax.py`` is the language, ``written_keys.py`` the form of keys in it). Whatever is selected is
written so that it reads back the same.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, TypeAlias

import msgspec

from orrery.base.errors import InvalidDefinitionError, InvalidSubsetError, InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey, CoercibleToAssetKeyPrefix, key_prefix_parts
from orrery.base.tags import canonical_tag
from orrery.model.assets import syntax
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetNode
from orrery.model.assets.written_keys import (
    exact_parts,
    missing_assets,
    missing_checks,
    quoted_pattern,
    unescaped,
    wildcard,
    written_check,
    written_key,
)

__all__ = [
    "AllAssetCheckSelection",
    "AllSelection",
    "AndAssetSelection",
    "AssetCheckKeysSelection",
    "AssetChecksForAssetKeysSelection",
    "AssetSelection",
    "CoercibleToAssetSelection",
    "ColumnAssetSelection",
    "ColumnTagAssetSelection",
    "DownstreamAssetSelection",
    "GroupsAssetSelection",
    "KeyPrefixesAssetSelection",
    "KeySubstringAssetSelection",
    "KeyWildCardAssetSelection",
    "KeysAssetSelection",
    "KindAssetSelection",
    "MaterializableAssetSelection",
    "OrAssetSelection",
    "OutsideAttributeSelection",
    "OwnerAssetSelection",
    "ParentSourcesAssetSelection",
    "RequiredNeighborsAssetSelection",
    "RootsAssetSelection",
    "SinksAssetSelection",
    "SubtractAssetSelection",
    "TableNameAssetSelection",
    "TagAssetSelection",
    "UpstreamAssetSelection",
]

CoercibleToAssetSelection: TypeAlias = "str | AssetKey | AssetSelection | Iterable[Any] | Any"

_COLUMN_SCHEMA_KEYS = ("orrery/column_schema", "dagster/column_schema")
_TABLE_NAME_KEYS = ("orrery/table_name", "dagster/table_name")


class AssetSelection(msgspec.Struct, frozen=True):
    """
    Name some of the assets and asset checks of a project, whichever they turn out to be.

    ``|`` takes those in either, ``&`` those in both, ``-`` those in the first and not in the second.
    A selection of assets selects the checks of these assets too, unless they are taken away.

    Example:
        Everything in a group that lies downstream of one asset, without its checks::

            selection = AssetSelection.groups("marketing") & AssetSelection.assets("leads").downstream()
            job = define_asset_job("marketing", selection=selection.without_checks())

    >>> str(AssetSelection.groups("marketing") & AssetSelection.assets("leads").downstream())
    'group:"marketing" and key:"leads"+'
    """

    # -- making them -------------------------------------------------------------------------------

    @staticmethod
    def all(include_sources: bool = False) -> AllSelection:
        """Select all assets that the project makes; with *include_sources*, external ones too."""
        return AllSelection(include_sources)

    @staticmethod
    def assets(*assets_defs: Any) -> KeysAssetSelection:
        """
        Select certain assets.

        Args:
            assets_defs: Definitions (all assets of each), specs, keys, names with ``/`` between their
                parts, or sequences of parts.
        """
        return KeysAssetSelection(tuple(dict.fromkeys(key for each in assets_defs for key in _keys_of(each))))

    @staticmethod
    def keys(*asset_keys: CoercibleToAssetKey) -> KeysAssetSelection:
        """Select certain assets by key (deprecated; ``assets`` takes keys as well)."""
        return AssetSelection.assets(*asset_keys)

    @staticmethod
    def key_prefixes(
        *key_prefixes: CoercibleToAssetKeyPrefix, include_sources: bool = False
    ) -> KeyPrefixesAssetSelection:
        """
        Select the assets whose keys begin with any of these parts.

        Args:
            key_prefixes: Each one part, or a sequence of parts.
            include_sources: Select external assets too.
        """
        return KeyPrefixesAssetSelection(tuple(key_prefix_parts(prefix) for prefix in key_prefixes), include_sources)

    @staticmethod
    def key_substring(key_substring: str, include_sources: bool = False) -> KeySubstringAssetSelection:
        """Select the assets whose key, as people read it, holds this text."""
        return KeySubstringAssetSelection(key_substring, include_sources)

    @staticmethod
    def groups(*group_strs: str, include_sources: bool = False) -> GroupsAssetSelection:
        """Select the assets of any of these groups; with *include_sources*, external ones too."""
        return GroupsAssetSelection(group_strs, include_sources)

    @staticmethod
    def tag(key: str, value: str, include_sources: bool = False) -> TagAssetSelection:
        """Select the assets that have this tag; with *include_sources*, external ones too."""
        return TagAssetSelection(canonical_tag(key), value, include_sources)

    @staticmethod
    def tag_string(string: str, include_sources: bool = False) -> TagAssetSelection:
        """
        Select the assets that have this tag, written ``key`` or ``key=value``.

        Raises:
            InvalidDefinitionError: There is more than one ``=``.
        """
        key, _, value = string.partition("=")
        if "=" in value:
            raise InvalidDefinitionError(
                f"The tag {string!r} has more than one '='.",
                mend="write key=value, or use AssetSelection.tag(key, value).",
            )
        return AssetSelection.tag(key, value, include_sources)

    @staticmethod
    def kind(kind: str | None, include_sources: bool = False) -> KindAssetSelection:
        """Select the assets of a kind; None for those of none. With *include_sources*, external ones too."""
        return KindAssetSelection(kind, include_sources)

    @staticmethod
    def owner(owner: str | None) -> OwnerAssetSelection:
        """Select the assets, external ones too, of an owner; None for those that have none."""
        return OwnerAssetSelection(owner)

    @staticmethod
    def checks(*assets_defs_or_check_keys: Any) -> AssetCheckKeysSelection:
        """Select certain checks, without their assets: keys of checks, or the definitions that hold them."""
        return AssetCheckKeysSelection(
            tuple(dict.fromkeys(key for each in assets_defs_or_check_keys for key in _check_keys_of(each)))
        )

    @staticmethod
    def checks_for_assets(*assets_defs: Any) -> AssetChecksForAssetKeysSelection:
        """Select all checks of certain assets, without the assets."""
        return AssetChecksForAssetKeysSelection(AssetSelection.assets(*assets_defs).selected_keys)

    @staticmethod
    def all_asset_checks() -> AllAssetCheckSelection:
        """Select all checks, without the assets."""
        return AllAssetCheckSelection()

    @classmethod
    def from_string(cls, string: str, include_sources: bool = False) -> AssetSelection:
        """
        Return the selection that *string* describes; ``orrery.model.assets.syntax`` tells the language.

        Args:
            string: As ``key:"orders"+ and group:marketing``, ``*orders``, ``sinks(tag:team=web)``.
            include_sources: Select external assets too, wherever attributes or ``*`` select.

        Raises:
            InvalidSubsetError: *string* cannot be read; the place is marked.

        >>> AssetSelection.from_string("group:marketing or +orders")
        ... # doctest: +NORMALIZE_WHITESPACE
        OrAssetSelection(operands=(GroupsAssetSelection(selected_groups=('marketing',), include_sources=False),
            UpstreamAssetSelection(child=KeysAssetSelection(selected_keys=(AssetKey(['orders']),)), depth=1,
                                   include_self=True)))
        """
        return _from_tree(syntax.parse_selection(string), include_sources)

    @classmethod
    def from_coercible(cls, selection: CoercibleToAssetSelection) -> AssetSelection:
        """
        Return *selection* as a selection.

        Args:
            selection: A selection, a string in the language of selections, a key, a definition, or
                several of these, which select what any of them selects.

        Raises:
            InvalidDefinitionError: It is none of these.
        """
        if isinstance(selection, AssetSelection):
            return selection
        if isinstance(selection, str):
            return cls.from_string(selection)
        if isinstance(selection, AssetKey):
            return cls.assets(selection)
        if hasattr(type(selection), "asset_nodes"):
            chosen = cls.assets(selection)
            checks = () if chosen.selected_keys else tuple(_check_keys_of(selection))
            return AssetCheckKeysSelection(checks) if checks else chosen
        if isinstance(selection, AssetCheckKey):
            return cls.checks(selection)
        if isinstance(selection, Iterable) and not isinstance(selection, Mapping | bytes):
            parts = [cls.from_coercible(each) for each in selection]
            if parts and not all(isinstance(part, KeysAssetSelection) for part in parts):
                return parts[0] if len(parts) == 1 else OrAssetSelection(_flat(OrAssetSelection, parts))
            return cls.assets(*(key for part in parts if isinstance(part, KeysAssetSelection) for key in part))
        raise InvalidDefinitionError(
            f"{selection!r} ({type(selection).__name__}) is no selection of assets.",
            mend="give a string such as 'group:marketing', an AssetSelection, a key, a definition, or a list of these.",
        )

    # -- building on them --------------------------------------------------------------------------

    def __or__(self, other: AssetSelection) -> AssetSelection:
        return OrAssetSelection(_flat(OrAssetSelection, (self, _operand(other, "|"))))

    def __and__(self, other: AssetSelection) -> AssetSelection:
        return AndAssetSelection(_flat(AndAssetSelection, (self, _operand(other, "&"))))

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        return SubtractAssetSelection(self, _operand(other, "-"))

    def downstream(self, depth: int | None = None, include_self: bool = True) -> DownstreamAssetSelection:
        """
        Select what lies downstream of the selection, external assets among it.

        Args:
            depth: At most so many steps; None for all.
            include_self: Select the selection itself too.
        """
        return DownstreamAssetSelection(self, _checked_depth(depth), include_self)

    def upstream(self, depth: int | None = None, include_self: bool = True) -> UpstreamAssetSelection:
        """
        Select the assets that the project makes and that lie upstream of the selection.

        External assets are never among them; ``upstream_source_assets`` selects those.

        Args:
            depth: At most so many steps; None for all.
            include_self: Select the selection itself too, as far as the project makes it.
        """
        return UpstreamAssetSelection(self, _checked_depth(depth), include_self)

    def upstream_source_assets(self) -> ParentSourcesAssetSelection:
        """Select the external assets at and upstream of the selection."""
        return ParentSourcesAssetSelection(self)

    def sinks(self) -> SinksAssetSelection:
        """Select those of the selection that have nothing of the selection downstream of them."""
        return SinksAssetSelection(self)

    def roots(self) -> RootsAssetSelection:
        """Select those of the selection that have nothing of the selection upstream of them."""
        return RootsAssetSelection(self)

    def sources(self) -> RootsAssetSelection:
        """Select what ``roots`` selects (deprecated; use that)."""
        return self.roots()

    def materializable(self) -> MaterializableAssetSelection:
        """Select those of the selection that the project makes."""
        return MaterializableAssetSelection(self)

    def required_multi_asset_neighbors(self) -> RequiredNeighborsAssetSelection:
        """Select the selection and all that can only be made together with any of it."""
        return RequiredNeighborsAssetSelection(self)

    def without_checks(self) -> AssetSelection:
        """Select the selection without any check."""
        return self - AssetSelection.all_asset_checks()

    # -- what they resolve to ----------------------------------------------------------------------

    def resolve(self, all_assets: AssetGraph | Iterable[Any], allow_missing: bool = False) -> AbstractSet[AssetKey]:
        """
        Return the keys of the selected assets.

        Args:
            all_assets: The graph, or the definitions that make it up.
            allow_missing: Pass over names that the graph does not have.

        Raises:
            InvalidSubsetError: The selection names an asset that is not there; the nearest is told.
        """
        graph = all_assets if isinstance(all_assets, AssetGraph) else AssetGraph.from_assets(all_assets)
        return self.resolve_inner(graph, allow_missing)

    def resolve_checks(self, asset_graph: AssetGraph, allow_missing: bool = False) -> AbstractSet[AssetCheckKey]:
        """
        Return the keys of the selected checks.

        Raises:
            InvalidSubsetError: The selection names a check that is not there; the nearest is told.
        """
        return self.resolve_checks_inner(asset_graph, allow_missing)

    @abstractmethod
    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys of the selected assets."""
        raise NotImplementedError

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the checks of the selected assets, unless the kind of selection says otherwise."""
        return asset_graph.get_check_keys_for_assets(self.resolve_inner(asset_graph, allow_missing))

    def to_serializable_asset_selection(self, asset_graph: AssetGraph) -> AssetSelection:
        """Return the selection as it can be written down and read back without *asset_graph*."""
        return self

    # -- how they are written ----------------------------------------------------------------------

    def to_selection_str(self) -> str:
        """Return the selection in the language that ``from_string`` reads."""
        raise NotImplementedError(f"{type(self).__name__} has no written form")

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether the written form must stand in parentheses beside ``and``, ``or`` and ``not``."""
        return False

    def operand_to_selection_str(self) -> str:
        """Return the written form as it stands beside ``and``, ``or`` and ``not``."""
        written = self.to_selection_str()
        return f"({written})" if self.needs_parentheses_when_operand() else written

    def __str__(self) -> str:
        return self.to_selection_str()


# -- plain selections ------------------------------------------------------------------------------


class AllSelection(AssetSelection, frozen=True):
    """Select all assets."""

    include_sources: bool = False

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return all keys, or those that the project makes."""
        return asset_graph.get_all_asset_keys() if self.include_sources else asset_graph.materializable_asset_keys

    def to_selection_str(self) -> str:
        """Return ``*``."""
        return "*"


class KeysAssetSelection(AssetSelection, frozen=True):
    """Select certain assets."""

    selected_keys: tuple[AssetKey, ...]

    def __iter__(self) -> Iterator[AssetKey]:
        return iter(self.selected_keys)

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys that are there; it is an error if one is not."""
        found = {key for key in self.selected_keys if asset_graph.has(key)}
        if len(found) < len(self.selected_keys) and not allow_missing:
            missing = [key for key in self.selected_keys if key not in found]
            raise missing_assets(missing, asset_graph)
        return found

    def to_selection_str(self) -> str:
        """Return ``key:"a" or key:"b"``."""
        if not self.selected_keys:
            return "not *"
        return " or ".join(f'key:"{written_key(key)}"' for key in self.selected_keys)

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether there is more than one key, or none."""
        return len(self.selected_keys) != 1


class KeyWildCardAssetSelection(AssetSelection, frozen=True):
    r"""
    Select assets by their key as people read it, ``*`` standing for any text.

    A backslash takes its meaning from the character after it: ``\*`` is a star, ``\/`` a slash within
    a part. Without a wildcard it names one asset, which must be there.
    """

    selected_key_wildcard: str

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys that match."""
        exact = exact_parts(self.selected_key_wildcard)
        if exact is None:
            pattern = wildcard(self.selected_key_wildcard)
            return {node.key for node in asset_graph.nodes if pattern.fullmatch(node.key.to_escaped_user_string())}
        key = AssetKey(exact)
        if asset_graph.has(key):
            return {key}
        if "/" in "".join(exact) or len(exact) > 1:
            shown = "/".join(exact)
            alike = {each.key for each in asset_graph.nodes if each.key.to_user_string() == shown}
            if alike and "\\/" not in self.selected_key_wildcard:
                return alike
        if allow_missing:
            return set()
        raise missing_assets([key], asset_graph)

    def to_selection_str(self) -> str:
        """Return ``key:"pattern"``."""
        return f'key:"{quoted_pattern(self.selected_key_wildcard)}"'


class _AttributeSelection(AssetSelection, frozen=True):
    """Select the assets for which something holds."""

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys of the assets for which it holds."""
        among_all = getattr(self, "include_sources", True)
        return {
            node.key for node in asset_graph.nodes if (among_all or node.is_materializable) and self._holds_for(node)
        }

    @abstractmethod
    def _holds_for(self, node: AssetNode) -> bool: ...


class KeyPrefixesAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets whose keys begin with certain parts."""

    selected_key_prefixes: tuple[tuple[str, ...], ...]
    include_sources: bool = False

    def _holds_for(self, node: AssetNode) -> bool:
        return any(node.key.has_prefix(prefix) for prefix in self.selected_key_prefixes)

    def to_selection_str(self) -> str:
        """Return ``key_prefix:"a/b"``."""
        prefixes = (AssetKey(prefix).to_escaped_user_string() for prefix in self.selected_key_prefixes)
        return " or ".join(f"key_prefix:{syntax.quote(prefix)}" for prefix in prefixes) or "not *"

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether there is more than one prefix, or none."""
        return len(self.selected_key_prefixes) != 1


class KeySubstringAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets whose key holds some text."""

    selected_key_substring: str
    include_sources: bool = False

    def _holds_for(self, node: AssetNode) -> bool:
        return self.selected_key_substring in node.key.to_user_string()

    def to_selection_str(self) -> str:
        """Return ``key_substring:"text"``."""
        return f"key_substring:{syntax.quote(self.selected_key_substring)}"


class GroupsAssetSelection(AssetSelection, frozen=True):
    """Select the assets of certain groups; ``*`` in a name stands for any text."""

    selected_groups: tuple[str, ...]
    include_sources: bool = False

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys of the assets in these groups."""
        plain = {group for group in self.selected_groups if "*" not in group}
        patterns = [wildcard(group) for group in self.selected_groups if "*" in group]
        return {
            node.key
            for node in asset_graph.nodes
            if (node.is_materializable or self.include_sources)
            and (node.group_name in plain or any(pattern.fullmatch(node.group_name) for pattern in patterns))
        }

    def to_selection_str(self) -> str:
        """Return ``group:"a" or group:"b"``."""
        return " or ".join(f"group:{syntax.quote(group)}" for group in self.selected_groups) or "group:<null>"

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether there is more than one group."""
        return len(self.selected_groups) > 1


class TagAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets that have a tag with a value."""

    key: str
    value: str
    include_sources: bool = False

    def _holds_for(self, node: AssetNode) -> bool:
        return node.tags.get(self.key) == self.value

    def to_selection_str(self) -> str:
        """Return ``tag:"key"="value"``."""
        return _written_pair("tag", self.key, self.value)


class KindAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets of a kind, or of none."""

    kind_str: str | None
    include_sources: bool = False

    def _holds_for(self, node: AssetNode) -> bool:
        return not node.kinds if self.kind_str is None else self.kind_str in node.kinds

    def to_selection_str(self) -> str:
        """Return ``kind:"name"``."""
        return _written("kind", self.kind_str)


class OwnerAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets of an owner, or of none."""

    selected_owner: str | None

    def _holds_for(self, node: AssetNode) -> bool:
        return not node.owner_names if self.selected_owner is None else self.selected_owner in node.owner_names

    def to_selection_str(self) -> str:
        """Return ``owner:"name"``."""
        return _written("owner", self.selected_owner)


class ColumnAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets whose table schema, in their metadata, has a column; None for those without a schema."""

    selected_column: str | None

    def _holds_for(self, node: AssetNode) -> bool:
        columns = _columns(node)
        return (
            not columns if self.selected_column is None else any(each.name == self.selected_column for each in columns)
        )

    def to_selection_str(self) -> str:
        """Return ``column:"name"``."""
        return _written("column", self.selected_column)


class ColumnTagAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets whose table schema, in their metadata, has a column with a tag."""

    key: str
    value: str

    def _holds_for(self, node: AssetNode) -> bool:
        return any((column.tags or {}).get(self.key) == self.value for column in _columns(node))

    def to_selection_str(self) -> str:
        """Return ``column_tag:"key"="value"``."""
        return _written_pair("column_tag", self.key, self.value)


class TableNameAssetSelection(_AttributeSelection, frozen=True):
    """Select the assets that name a table in their metadata; None for those that name none."""

    selected_table_name: str | None

    def _holds_for(self, node: AssetNode) -> bool:
        return bool(_metadata_value(node, _TABLE_NAME_KEYS) == self.selected_table_name)

    def to_selection_str(self) -> str:
        """Return ``table_name:"name"``."""
        return _written("table_name", self.selected_table_name)


class OutsideAttributeSelection(AssetSelection, frozen=True):
    """Select by what definitions alone do not tell: code location, status, change in a branch, automation."""

    attribute: str
    value: str | None

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Refuse: the graph does not know."""
        raise InvariantViolationError(
            f"'{self.attribute}:' selects by what the definitions of one project do not tell.",
            mend="select by key, group, tag, owner or kind here; "
            f"'{self.attribute}:' has its place where all code locations and records are seen.",
        )

    def to_selection_str(self) -> str:
        """Return ``attribute:"value"``."""
        return _written(self.attribute, self.value)


# -- checks ------------------------------------------------------------------------------------------


class _CheckSelection(AssetSelection, frozen=True):
    """Select checks, and no asset."""

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return no asset."""
        return set()


class AllAssetCheckSelection(_CheckSelection, frozen=True):
    """Select all checks."""

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the keys of all checks."""
        return set(asset_graph.asset_check_keys)

    def to_selection_str(self) -> str:
        """Return ``check:*``."""
        return "check:*"


class AssetCheckKeysSelection(_CheckSelection, frozen=True):
    """Select certain checks."""

    selected_asset_check_keys: tuple[AssetCheckKey, ...]

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the keys that are there; it is an error if one is not."""
        known = asset_graph.asset_check_keys
        missing = [key for key in self.selected_asset_check_keys if key not in known]
        if missing and not allow_missing:
            raise missing_checks(missing, known)
        return known & set(self.selected_asset_check_keys)

    def to_selection_str(self) -> str:
        """Return ``check:"asset:name"``."""
        return " or ".join(f'check:"{written_check(key)}"' for key in self.selected_asset_check_keys) or "not *"

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether there is more than one check, or none."""
        return len(self.selected_asset_check_keys) != 1


class AssetChecksForAssetKeysSelection(_CheckSelection, frozen=True):
    """Select all checks of certain assets."""

    selected_asset_keys: tuple[AssetKey, ...]

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the checks of these assets; it is an error if an asset is not there."""
        return asset_graph.get_check_keys_for_assets(
            KeysAssetSelection(self.selected_asset_keys).resolve_inner(asset_graph, allow_missing)
        )

    def to_selection_str(self) -> str:
        """Return ``check:"asset:*"``."""
        return " or ".join(f'check:"{written_key(key, ":")}:*"' for key in self.selected_asset_keys) or "not *"

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether there is more than one asset, or none."""
        return len(self.selected_asset_keys) != 1


# -- algebra -----------------------------------------------------------------------------------------


class _ChainedSelection(AssetSelection, frozen=True):
    """Join two or more selections."""

    operands: tuple[AssetSelection, ...]

    operator: ClassVar[str]

    def to_selection_str(self) -> str:
        """Return the operands with the operator between them."""
        return f" {self.operator} ".join(operand.operand_to_selection_str() for operand in self.operands)

    def needs_parentheses_when_operand(self) -> bool:
        """Tell that it does."""
        return True

    def to_serializable_asset_selection(self, asset_graph: AssetGraph) -> AssetSelection:
        """Return the operands, each as it can be written down."""
        return msgspec.structs.replace(
            self, operands=tuple(each.to_serializable_asset_selection(asset_graph) for each in self.operands)
        )


class AndAssetSelection(_ChainedSelection, frozen=True):
    """Select what all operands select."""

    operator: ClassVar[str] = "and"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys that all operands have."""
        return set.intersection(*(set(each.resolve_inner(asset_graph, allow_missing)) for each in self.operands))

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the checks that all operands have."""
        return set.intersection(*(set(each.resolve_checks_inner(asset_graph, allow_missing)) for each in self.operands))


class OrAssetSelection(_ChainedSelection, frozen=True):
    """Select what any operand selects."""

    operator: ClassVar[str] = "or"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys that any operand has."""
        return set().union(*(each.resolve_inner(asset_graph, allow_missing) for each in self.operands))

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the checks that any operand has."""
        return set().union(*(each.resolve_checks_inner(asset_graph, allow_missing) for each in self.operands))


class SubtractAssetSelection(AssetSelection, frozen=True):
    """Select what the left selects and the right does not."""

    left: AssetSelection
    right: AssetSelection

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys of the left without those of the right."""
        return self.left.resolve_inner(asset_graph, allow_missing) - self.right.resolve_inner(
            asset_graph, allow_missing
        )

    def resolve_checks_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetCheckKey]:
        """Return the checks of the left without those of the right."""
        return self.left.resolve_checks_inner(asset_graph, allow_missing) - self.right.resolve_checks_inner(
            asset_graph, allow_missing
        )

    def to_selection_str(self) -> str:
        """Return ``a and not b``, or ``not b`` if everything is on the left."""
        right = f"not {self.right.operand_to_selection_str()}"
        return right if isinstance(self.left, AllSelection) else f"{self.left.operand_to_selection_str()} and {right}"

    def needs_parentheses_when_operand(self) -> bool:
        """Tell that it does."""
        return True

    def to_serializable_asset_selection(self, asset_graph: AssetGraph) -> AssetSelection:
        """Return both sides as they can be written down."""
        return SubtractAssetSelection(
            self.left.to_serializable_asset_selection(asset_graph),
            self.right.to_serializable_asset_selection(asset_graph),
        )


# -- along the edges ---------------------------------------------------------------------------------


class _DerivedSelection(AssetSelection, frozen=True):
    """Build on one selection."""

    child: AssetSelection

    def to_serializable_asset_selection(self, asset_graph: AssetGraph) -> AssetSelection:
        """Return the same of the child as it can be written down."""
        return msgspec.structs.replace(self, child=self.child.to_serializable_asset_selection(asset_graph))


class _TraversalSelection(_DerivedSelection, frozen=True):
    """Follow the edges from one selection."""

    depth: int | None = None
    include_self: bool = True

    def _written_steps(self) -> str:
        return "" if self.depth is None else str(self.depth)

    def _written_operand(self) -> str:
        if isinstance(self.child, _TraversalSelection | AllSelection):
            return f"({self.child.to_selection_str()})"
        return self.child.operand_to_selection_str()

    @abstractmethod
    def _written_traversal(self) -> str: ...

    def to_selection_str(self) -> str:
        """Return the child with its steps, and without itself if it is not to be selected."""
        traversal = self._written_traversal()
        return traversal if self.include_self else f"{traversal} and not {self.child.operand_to_selection_str()}"

    def needs_parentheses_when_operand(self) -> bool:
        """Tell whether the selection itself is taken away."""
        return not self.include_self


class UpstreamAssetSelection(_TraversalSelection, frozen=True):
    """Select what the project makes upstream of a selection."""

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the materializable keys upstream."""
        start = self.child.resolve_inner(asset_graph, allow_missing)
        reached = asset_graph.upstream_of(start, depth=self.depth, include_self=self.include_self)
        return reached & asset_graph.materializable_asset_keys

    def _written_traversal(self) -> str:
        return f"{self._written_steps()}+{self._written_operand()}"


class DownstreamAssetSelection(_TraversalSelection, frozen=True):
    """Select what lies downstream of a selection."""

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the keys downstream."""
        start = self.child.resolve_inner(asset_graph, allow_missing)
        return asset_graph.downstream_of(start, depth=self.depth, include_self=self.include_self)

    def _written_traversal(self) -> str:
        return f"{self._written_operand()}+{self._written_steps()}"


class _FunctionSelection(_DerivedSelection, frozen=True):
    """Apply a function of the language to one selection."""

    function: ClassVar[str]

    def to_selection_str(self) -> str:
        """Return ``function(child)``."""
        return f"{self.function}({self.child.to_selection_str()})"


class SinksAssetSelection(_FunctionSelection, frozen=True):
    """Select those of a selection that have nothing of it downstream."""

    function: ClassVar[str] = "sinks"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the lowest of the child's keys."""
        keys = self.child.resolve_inner(asset_graph, allow_missing)
        return keys - asset_graph.strictly_upstream_of(keys)


class RootsAssetSelection(_FunctionSelection, frozen=True):
    """Select those of a selection that have nothing of it upstream."""

    function: ClassVar[str] = "roots"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the highest of the child's keys."""
        keys = self.child.resolve_inner(asset_graph, allow_missing)
        return keys - asset_graph.strictly_downstream_of(keys)


class MaterializableAssetSelection(_FunctionSelection, frozen=True):
    """Select those of a selection that the project makes."""

    function: ClassVar[str] = "materializable"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the materializable ones of the child's keys."""
        return self.child.resolve_inner(asset_graph, allow_missing) & asset_graph.materializable_asset_keys


class ParentSourcesAssetSelection(_FunctionSelection, frozen=True):
    """Select the external assets at and upstream of a selection."""

    function: ClassVar[str] = "upstream_sources"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the external keys upstream."""
        keys = self.child.resolve_inner(asset_graph, allow_missing)
        return asset_graph.upstream_of(keys) & asset_graph.external_asset_keys


class RequiredNeighborsAssetSelection(_FunctionSelection, frozen=True):
    """Select a selection and all that can only be made together with any of it."""

    function: ClassVar[str] = "multi_asset_neighbors"

    def resolve_inner(self, asset_graph: AssetGraph, allow_missing: bool) -> AbstractSet[AssetKey]:
        """Return the child's keys and their neighbours."""
        return asset_graph.with_required_neighbors(self.child.resolve_inner(asset_graph, allow_missing))


# -- from definitions and from text --------------------------------------------------------------------


def _keys_of(asset: Any) -> Iterable[AssetKey]:
    if isinstance(asset, AssetKey):
        return (asset,)
    if isinstance(asset, str):
        return (AssetKey.from_user_string(asset),)
    if hasattr(type(asset), "asset_nodes"):
        return [node.key for node in asset.asset_nodes()]
    if isinstance(asset, Sequence) and all(isinstance(part, str) for part in asset):
        return (AssetKey(asset),)
    raise InvalidDefinitionError(
        f"{asset!r} ({type(asset).__name__}) is no asset.",
        mend="give a definition, a spec, a key, a name such as 'prefix/orders', or the parts of a key.",
    )


def _check_keys_of(check: Any) -> Iterable[AssetCheckKey]:
    if isinstance(check, AssetCheckKey):
        return (check,)
    if hasattr(type(check), "check_nodes"):
        return [node.key for node in check.check_nodes()]
    key = getattr(check, "key", None)
    if isinstance(key, AssetCheckKey):
        return (key,)
    raise InvalidDefinitionError(
        f"{check!r} ({type(check).__name__}) is no asset check.",
        mend="give an AssetCheckKey, an asset check, or the definition of an asset that holds checks.",
    )


def _operand(other: Any, operator: str) -> AssetSelection:
    if not isinstance(other, AssetSelection):
        raise InvalidDefinitionError(
            f"{other!r} ({type(other).__name__}) stands after '{operator}', where an AssetSelection should.",
            mend="write AssetSelection.assets(...) or AssetSelection.from_string(...).",
        )
    return other


def _checked_depth(depth: Any) -> int | None:
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 0):
        raise InvalidDefinitionError(
            f"The depth of a selection is {depth!r}, not a number of steps.",
            mend="give None for all steps, or a number from 0 upwards.",
        )
    return depth


def _flat(
    kind: type[AndAssetSelection | OrAssetSelection], operands: Iterable[AssetSelection]
) -> tuple[AssetSelection, ...]:
    flat: list[AssetSelection] = []
    for operand in operands:
        flat.extend(operand.operands if isinstance(operand, kind) else (operand,))
    return tuple(flat)


def _from_tree(tree: syntax.SelectionTree, include_sources: bool) -> AssetSelection:
    match tree:
        case syntax.Everything():
            return AllSelection(include_sources)
        case syntax.Name(text):
            return KeysAssetSelection((AssetKey.from_user_string(text),))
        case syntax.Attribute():
            return _from_attribute(tree, include_sources)
        case syntax.Not(operand):
            return AllSelection(include_sources) - _from_tree(operand, include_sources)
        case syntax.And(operands, without):
            chosen = [_from_tree(operand, include_sources) for operand in operands] or [AllSelection(include_sources)]
            tree_selection = chosen[0] if len(chosen) == 1 else AndAssetSelection(_flat(AndAssetSelection, chosen))
            for operand in without:
                tree_selection -= _from_tree(operand, include_sources)
            return tree_selection
        case syntax.Or(operands):
            return OrAssetSelection(
                _flat(OrAssetSelection, [_from_tree(operand, include_sources) for operand in operands])
            )
        case syntax.Call(function, operand):
            return _FUNCTION_SELECTIONS[function](_from_tree(operand, include_sources))
        case syntax.Traversal(operand, up, down):
            child = _from_tree(operand, include_sources)
            if down == 0:
                return child.upstream(up)
            return child.downstream(down) if up == 0 else child.upstream(up) | child.downstream(down)


_FUNCTION_SELECTIONS: Mapping[str, type[_FunctionSelection]] = {
    each.function: each
    for each in (
        SinksAssetSelection,
        RootsAssetSelection,
        MaterializableAssetSelection,
        ParentSourcesAssetSelection,
        RequiredNeighborsAssetSelection,
    )
}


def _from_attribute(attribute: syntax.Attribute, include_sources: bool) -> AssetSelection:
    name, value, second = attribute.name, attribute.value, attribute.second or ""
    text = value or ""
    match name:
        case "key":
            return KeyWildCardAssetSelection(text)
        case "group":
            return GroupsAssetSelection((text,) if text else (), include_sources)
        case "tag":
            return AssetSelection.tag(text, second, include_sources)
        case "owner":
            return OwnerAssetSelection(value)
        case "kind":
            return KindAssetSelection(value, include_sources)
        case "column":
            return ColumnAssetSelection(value)
        case "column_tag":
            return ColumnTagAssetSelection(text, second)
        case "table_name":
            return TableNameAssetSelection(value)
        case "key_substring":
            return KeySubstringAssetSelection(text, include_sources)
        case "key_prefix":
            parts = AssetKey.from_escaped_user_string(text).parts
            return KeyPrefixesAssetSelection((parts,), include_sources)
        case "check":
            return _from_check(text)
        case _:
            return OutsideAttributeSelection(name, value)


def _from_check(text: str) -> AssetSelection:
    if text == "*":
        return AllAssetCheckSelection()
    pieces = re.findall(r"(?:[^\\:]|\\.)+|:", text, re.DOTALL)
    asset, name = "".join(pieces[:-2]), pieces[-1] if len(pieces) > 1 and pieces[-2] == ":" else ""
    parts = exact_parts(asset)
    if not name or parts is None or ("*" in name.replace("\\*", "") and name != "*"):
        raise InvalidSubsetError(
            f"The asset check {text!r} in the selection cannot be read.",
            mend='write check:"asset:name" for one, check:"asset:*" for all of an asset, check:* for all.',
        )
    if name == "*":
        return AssetChecksForAssetKeysSelection((AssetKey(parts),))
    return AssetCheckKeysSelection((AssetCheckKey(AssetKey(parts), unescaped(name)),))


# -- attributes as text --------------------------------------------------------------------------------


def _written(attribute: str, value: str | None) -> str:
    return f"{attribute}:<null>" if value is None else f"{attribute}:{syntax.quote(value)}"


def _written_pair(attribute: str, key: str, value: str) -> str:
    return f"{attribute}:{syntax.quote(key)}" + (f"={syntax.quote(value)}" if value else "")


# -- what metadata tells -------------------------------------------------------------------------------


def _metadata_value(node: AssetNode, names: Sequence[str]) -> Any:
    for name in names:
        if name in node.metadata:
            entry = node.metadata[name]
            return getattr(entry, "value", entry)
    return None


def _columns(node: AssetNode) -> Sequence[Any]:
    schema = _metadata_value(node, _COLUMN_SCHEMA_KEYS)
    return tuple(getattr(schema, "columns", ())) if schema is not None else ()
