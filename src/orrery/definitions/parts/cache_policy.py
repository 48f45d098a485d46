"""
When a value that is stored may be used instead of being made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from orrery.base.errors import InvalidDefinitionError

__all__ = [
    "CACHE_TAG",
    "CachePolicy",
    "ProjectPolicies",
    "policies_in_settings",
    "policy_in",
    "policy_of_groups",
    "tags_with_policy",
]

CACHE_TAG = "orrery/cache"
"""The tag that carries a policy: of a step, a job or a run."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "on_code": ("run", "ignore"),
    "on_config": ("run", "ignore"),
    "sources": ("check", "ignore"),
    "verify": ("exists", "digest", "none"),
}


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    Say when a stored value is as good as a new one.

    Without a policy an asset that is asked for runs. With one it is skipped as long as nothing that it
    depends on changed: code that can be reached, config, data versions of inputs.

    Args:
        ttl: How old the value may become (a ``timedelta`` or seconds); None for any age.
        on_code: ``run`` when the code changed, or ``ignore`` that.
        on_config: ``run`` when the config changed, or ``ignore`` that.
        sources: ``check`` whether inputs that this project does not make changed, or ``ignore`` that.
        verify: Look whether the stored value ``exists``, whether its ``digest`` is right, or ``none`` of it.
        always: Run whatever the rest says.
        salt: Another text makes all values of before out of date.

    Raises:
        InvalidDefinitionError: An argument is none of its choices, or *ttl* is no length of time.

    >>> CachePolicy(ttl=timedelta(hours=24)).ttl
    86400.0
    """

    ttl: Any = None
    on_code: str = "run"
    on_config: str = "run"
    sources: str = "check"
    verify: str = "exists"
    always: bool = False
    salt: str | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            given = getattr(self, name)
            if given not in choices:
                raise InvalidDefinitionError(
                    f"CachePolicy({name}={given!r}): there is no such choice.",
                    mend="write " + " or ".join(f"'{each}'" for each in choices) + ".",
                )
        ttl: Any = self.ttl
        if isinstance(ttl, timedelta):
            ttl = ttl.total_seconds()
        if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int | float) or not ttl >= 0):
            raise InvalidDefinitionError(
                f"CachePolicy(ttl={self.ttl!r}) is no length of time.",
                mend="write timedelta(hours=24), or seconds that are not negative.",
            )
        msgspec.structs.force_setattr(self, "ttl", None if ttl is None else float(ttl))
        if self.salt is not None and not isinstance(self.salt, str):
            raise InvalidDefinitionError(
                f"CachePolicy(salt={self.salt!r}): a salt is text.", mend=f"write salt={str(self.salt)!r}."
            )

    def as_tags(self) -> dict[str, str]:
        """
        Return the tag that carries the policy: for ``op_tags`` of an asset, or ``tags`` of a job or run.

        >>> CachePolicy(ttl=60).as_tags()
        {'orrery/cache': '{"ttl":60.0}'}
        """
        return {CACHE_TAG: msgspec.json.encode(self).decode()}


def policy_in(tags: Mapping[str, str] | None) -> CachePolicy | None:
    """
    Return the policy that tags carry, if any.

    Raises:
        InvalidDefinitionError: The tag holds no policy.
    """
    text = tags.get(CACHE_TAG) if tags else None
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=CachePolicy)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidDefinitionError(
            f"The tag {CACHE_TAG} holds no cache policy: {error}.", mend="set it by CachePolicy(...).as_tags()."
        ) from error


def policy_of_groups(found: Iterable[CachePolicy | None]) -> CachePolicy | None:
    """
    Return the policy that groups give a function whose assets lie in them; None if they give none.

    Its assets are made together or not at all. So where its groups say different things, or one of them nothing, it always runs:
    what runs whenever it is asked for in one of them is not skipped on account of another.

    Args:
        found: What the group of each of its assets says.
    """
    said = list(found)
    if any(each != said[0] for each in said):
        return CachePolicy(always=True)
    return said[0] if said else None


def tags_with_policy(
    tags: Mapping[str, Any] | None, cache: CachePolicy | None, of: str, argument: str
) -> Mapping[str, Any] | None:
    """
    Return *tags* together with the one that carries the policy, if there is one.

    Args:
        tags: The tags, as the user gave them.
        cache: The policy, as the user gave it.
        of: What they were given to, as people write it: ``@asset``.
        argument: Name of the argument that holds the tags.

    Raises:
        InvalidDefinitionError: *cache* is no policy, or *tags* carry one already.
    """
    if cache is None:
        return tags
    given: object = cache
    if not isinstance(given, CachePolicy):
        raise InvalidDefinitionError(
            f"{of}(cache={cache!r}): that is no policy.", mend="write cache=CachePolicy(ttl=timedelta(hours=24))."
        )
    if CACHE_TAG in (tags or {}):
        raise InvalidDefinitionError(
            f"{of} has a cache policy by cache= and another one by the tag {CACHE_TAG} in {argument}.",
            mend="give one of them.",
        )
    return {**(tags or {}), **cache.as_tags()}


class ProjectPolicies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The policies in the settings of an instance, under ``cache``.

    Attributes:
        default: For all assets; None if there is none.
        groups: For those of a group, by its name.
    """

    default: CachePolicy | None = None
    groups: Mapping[str, CachePolicy] = {}


def policies_in_settings(settings: Any) -> ProjectPolicies | None:
    """
    Return the policies in what stands under ``cache`` in the settings; None if nothing does.

    Raises:
        InvalidDefinitionError: It holds something else.

    >>> policies_in_settings({"groups": {"raw": {"ttl": 3600}}}).groups["raw"].ttl
    3600.0
    """
    if not settings:
        return None
    try:
        return msgspec.convert(settings, ProjectPolicies)
    except msgspec.ValidationError as error:
        raise InvalidDefinitionError(
            f"The settings under 'cache' hold no cache policies: {error}.",
            mend="write them as 'cache: {default: {ttl: 86400}, groups: {raw: {always: true}}}' into orrery.yaml.",
        ) from error
