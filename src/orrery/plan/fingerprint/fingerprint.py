"""
The provenance of a step that is about to run: code, config and inputs put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orrery.model.events.reuse import ConfigPart, InputPart, Provenance
from orrery.plan.fingerprint.canonical import canonical_digest
from orrery.plan.fingerprint.facts import Reach
from orrery.plan.fingerprint.shown import is_secret, shown_value

__all__ = ["SHORT", "combined_version", "config_parts", "fingerprint_digest", "short_digest"]

SHORT = 16


def short_digest(digest: str) -> str:
    """Return the beginning of a digest: enough to tell changes apart."""
    return digest if digest.startswith("opaque") else digest[:SHORT]


def code_parts(reach: Reach) -> dict[str, str]:
    """Return the parts of the code as they are recorded."""
    return {name: _short_part(digest) for name, digest in reach.parts.items()}


def _short_part(digest: str) -> str:
    return ".".join(short_digest(each) for each in digest.split(".")) if "." in digest else short_digest(digest)


def config_parts(config: Any) -> dict[str, ConfigPart]:
    """
    Return the fields of a config by path; secrets are not shown.

    >>> [(path, part.shown) for path, part in config_parts({"limit": 3, "db": {"password": "x"}}).items()]
    [('db.password', '***'), ('limit', '3')]
    """
    found: dict[str, ConfigPart] = {}
    for path, value in _fields(config, ""):
        hidden = is_secret(path)
        digest = (canonical_digest([path, value]) or "opaque")[: 8 if hidden else SHORT]
        found[path or "config"] = ConfigPart(digest, "***" if hidden else shown_value(value))
    return dict(sorted(found.items()))


def _fields(value: Any, path: str) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _fields(each, f"{path}.{key}" if path else str(key))
    elif value is not None or path:
        yield path, value


def combined_version(versions: Mapping[str, str]) -> str:
    """Return one version for several partitions, by key."""
    return (canonical_digest(dict(versions)) or "")[:SHORT]


def fingerprint_digest(provenance: Provenance) -> str:
    """Return the key under which the value may be looked up: the digest of all that it depends on."""
    content = {
        "code": dict(provenance.code),
        "libraries": dict(provenance.libraries),
        "code_version": provenance.code_version,
        "config": {path: part.digest for path, part in provenance.config.items()},
        "inputs": {key: part.version for key, part in provenance.inputs.items()},
        "resources": dict(provenance.resources),
        "format": provenance.format,
        "salt": provenance.salt,
        "version": provenance.version,
    }
    return canonical_digest(content) or ""


def input_part(
    versions: Mapping[str | None, tuple[str, str | None, int | None]],
) -> InputPart:
    """
    Return what is recorded of an input.

    Args:
        versions: Data version, run and number of the event, by partition; by None for an asset without partitions.
    """
    if len(versions) == 1:
        ((version, run_id, storage_id),) = versions.values()
        return InputPart(version, run_id, storage_id)
    together = combined_version({str(key): each[0] for key, each in versions.items()})
    newest = max(versions.values(), key=lambda each: each[2] or 0, default=("", None, None))
    return InputPart(together, newest[1], newest[2], len(versions))
