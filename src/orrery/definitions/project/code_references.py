"""Where the source code of assets lies: on this machine, and on the web."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from orrery.base.errors import InvalidDefinitionError
from orrery.base.metadata import CodeReferencesMetadataValue, LocalFileCodeReference, UrlCodeReference
from orrery.base.metadata.source_code import FilePathMapping
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition

__all__ = ["link_code_references_to_git", "with_source_code_references"]

Reference = LocalFileCodeReference | UrlCodeReference
_NAME = "orrery/code_references"
_NAMES = (_NAME, "dagster/code_references")


def with_source_code_references(assets_defs: Sequence[Any]) -> Sequence[Any]:
    """
    Return the assets with the file and line of their functions among their metadata.

    What has no function (specs, source assets) is returned as it is.

    Args:
        assets_defs: Assets, of any kind.
    """

    def refer(definition: AssetsDefinition, present: list[Reference]) -> list[Reference]:
        source = definition._source
        if source is None:
            return present
        own = LocalFileCodeReference(file_path=str(Path(source[0])), line_number=source[1])
        return present if own in present else [*present, own]

    return [_changed(each, refer) for each in assets_defs]


def link_code_references_to_git(
    assets_defs: Sequence[Any],
    git_url: str,
    git_branch: str,
    file_path_mapping: FilePathMapping,
    platform: Literal["github", "gitlab"] | None = None,
) -> Sequence[Any]:
    """
    Return the assets with links into a git repository in place of local files among their code references.

    Args:
        assets_defs: Assets, of any kind; :func:`with_source_code_references` gives them local files.
        git_url: Address of the repository on the web.
        git_branch: The branch that links show.
        file_path_mapping: Says which file of the repository a local one is.
        platform: ``"github"`` or ``"gitlab"``; told from the address if not given.

    Raises:
        InvalidDefinitionError: The platform is not known.
    """
    base = git_url.rstrip("/").removesuffix(".git")
    known = platform or next((name for name in ("github", "gitlab") if f"{name}.com" in base), None)
    if known is None:
        raise InvalidDefinitionError(
            f"Invalid `git_url`: the source control platform cannot be told from '{git_url}'.",
            mend='write platform="github" or platform="gitlab".',
        )
    if known not in ("github", "gitlab"):
        raise InvalidDefinitionError(
            f"Invalid `platform` '{known}'.", mend='write platform="github" or platform="gitlab".'
        )
    tree = f"{base}/tree/{git_branch}" if known == "github" else f"{base}/-/tree/{git_branch}"

    def link(each: Reference) -> Reference:
        if not isinstance(each, LocalFileCodeReference):
            return each
        path = file_path_mapping.convert_to_source_control_path(Path(each.file_path))
        line = "" if each.line_number is None else f"#L{each.line_number}"
        return UrlCodeReference(url=f"{tree}/{path}{line}", label=each.label)

    return [_changed(each, lambda _definition, present: [link(one) for one in present]) for each in assets_defs]


def _changed(asset: Any, change: Callable[[AssetsDefinition, list[Reference]], list[Reference]]) -> Any:
    """Return *asset* with other code references; itself if they stay as they are, or if it can have none."""
    if not isinstance(asset, AssetsDefinition):
        return asset

    def on_spec(spec: AssetSpec) -> AssetSpec:
        told = next((name for name in _NAMES if name in spec.metadata), _NAME)
        present = spec.metadata.get(told)
        before = list(present.code_references) if isinstance(present, CodeReferencesMetadataValue) else []
        after = change(asset, before)
        if after == before:
            return spec
        return spec.replace_attributes(
            metadata={**spec.metadata, told: CodeReferencesMetadataValue(code_references=after)}
        )

    return asset.map_asset_specs(on_spec)
