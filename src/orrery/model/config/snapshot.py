"""
Config schemas as data, for processes that load no user code.

A schema is a table of types by key; a type names the others by key. The key of a type with parts is
computed from the parts, so that equal schemas have equal keys in every process.
"""

from __future__ import annotations

import msgspec

__all__ = ["ConfigEnumValueSnap", "ConfigFieldSnap", "ConfigSchemaSnapshot", "ConfigTypeSnap"]


class ConfigEnumValueSnap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One value of an enum.

    Attributes:
        value: The text in config.
        description: What it means.
    """

    value: str
    description: str | None = None


class ConfigFieldSnap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One field of a shape or selector.

    Attributes:
        name: The name in config.
        type_key: The key of its type.
        is_required: Whether config must give it.
        default_provided: Whether there is a default.
        default_value_as_json_str: The default as JSON; None if there is none, or if it is a secret.
        description: What it is for.
        is_secret: Whether its values are masked.
    """

    name: str | None
    type_key: str
    is_required: bool
    default_provided: bool
    default_value_as_json_str: str | None = None
    description: str | None = None
    is_secret: bool = False


class ConfigTypeSnap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One config type.

    Attributes:
        kind: Which kind of type, for example ``"STRICT_SHAPE"``.
        key: The key of the type.
        given_name: The name under which people know it.
        description: What it is for.
        type_param_keys: Keys of the types of members, keys, alternatives.
        enum_values: The values of an enum.
        fields: The fields of a shape or selector, by name.
        scalar_kind: Which scalar, for example ``"INT"``.
        field_aliases: Other names for fields, by field.
    """

    kind: str
    key: str
    given_name: str | None = None
    description: str | None = None
    type_param_keys: tuple[str, ...] | None = None
    enum_values: tuple[ConfigEnumValueSnap, ...] | None = None
    fields: tuple[ConfigFieldSnap, ...] | None = None
    scalar_kind: str | None = None
    field_aliases: dict[str, str] = {}

    def get_field(self, name: str) -> ConfigFieldSnap:
        """Return the field *name*; raises ``KeyError``."""
        for each in self.fields or ():
            if each.name == name:
                return each
        raise KeyError(name)

    @property
    def field_names(self) -> list[str]:
        """Return the names of the fields."""
        return [each.name for each in self.fields or () if each.name is not None]


class ConfigSchemaSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """
    A config type with all types below it.

    Attributes:
        all_config_snaps_by_key: The types by key.
    """

    all_config_snaps_by_key: dict[str, ConfigTypeSnap]

    def get_config_snap(self, key: str) -> ConfigTypeSnap:
        """Return the type under *key*; raises ``KeyError``."""
        return self.all_config_snaps_by_key[key]
