"""
What is asked of all definitions together: that each has what it takes, of assets and of resources.

Whatever is missing is told with the names of both sides, and the name that may be meant.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

from orrery.base.errors import (
    InvalidDefinitionError,
    UnknownAssetError,
    nearest_hint,
)
from orrery.base.keys import AssetKey
from orrery.base.misspelt import slips
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.with_resources import requirements_of_assets
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.requirements import (
    ResourceNeed,
    check_managers,
    check_provided,
    is_plain_value,
    requirements_of_node,
)
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.model.assets.graph import AssetGraph

__all__ = [
    "check_assets_provided",
    "check_hooks_provided",
    "check_job_provided",
    "check_loaded_assets",
    "warn_of_stray_checks",
]


def check_loaded_assets(assets: Iterable[AssetsDefinition], graph: AssetGraph) -> None:
    """Refuse functions that load assets which no definition provides."""
    unknown = {node.key for node in graph.nodes if node.is_auto_created_stub}
    if not unknown:
        return
    for definition in assets:
        for name, key in definition._keys_by_input_name.items():
            if key in unknown and not definition.node_def.input_dict[name].dagster_type.is_nothing:
                source = definition._source
                place = f" ({source[0]}:{source[1]})" if source else ""
                owner = min(definition.keys, default=key).to_user_string()
                known = [node.key.to_user_string() for node in graph.nodes if not node.is_auto_created_stub]
                raise UnknownAssetError(
                    f"Asset '{owner}'{place} loads asset '{key.to_user_string()}', which no definition provides: Input "
                    f'asset "{key.to_string()}" is not produced by any of the provided asset ops and is not one of the '
                    "provided sources.",
                    mend=nearest_hint(key.to_user_string(), known, noun="asset"),
                )
    _warn_of_misspelt_deps(assets, graph, unknown)


def _warn_of_misspelt_deps(assets: Iterable[AssetsDefinition], graph: AssetGraph, unknown: set[AssetKey]) -> None:
    """Tell of dependencies that nobody declares, and that are one slip away from an asset that is declared."""
    known = [node.key.to_user_string() for node in graph.nodes if not node.is_auto_created_stub]
    meant = slips(sorted(key.to_user_string() for key in unknown), known)
    if not meant:
        return
    for definition in assets:
        for key in sorted(unknown & {dep.asset_key for spec in definition.specs for dep in spec.deps}):
            written = key.to_user_string()
            if written not in meant:
                continue
            source = definition._source
            place = f" ({source[0]}:{source[1]})" if source else ""
            owner = min(definition.keys, default=key).to_user_string()
            warnings.warn(
                f"Asset '{owner}'{place} depends on '{written}', which no definition provides.\n  Try: write "
                f"'{meant[written]}', the nearest name that exists. If it is made elsewhere, declare it: "
                f"AssetSpec('{written}').",
                UserWarning,
                stacklevel=2,
            )


def warn_of_stray_checks(assets: Iterable[AssetsDefinition], graph: AssetGraph) -> None:
    """Tell of checks on assets that nobody declares or names: they run, but such a key is misspelt more often than meant."""
    for definition in assets:
        for spec in definition._check_specs_by_output_name.values():
            if not graph.has(spec.asset_key):
                key = spec.asset_key.to_user_string()
                known = [each.to_user_string() for each in graph.assets]
                warnings.warn(
                    f"Check '{spec.name}' is about asset '{key}', which no definition provides.\n  Try: "
                    f"{nearest_hint(key, known, noun='asset')} If it is made elsewhere, declare it: AssetSpec('{key}').",
                    UserWarning,
                    stacklevel=2,
                )


def check_assets_provided(assets: Iterable[AssetsDefinition], resources: Mapping[str, ResourceDefinition]) -> None:
    """Refuse assets, checks and resources that need a resource which nobody provides, or a plain value as one."""
    known = {*resources, "io_manager"}
    plain = {key for key, definition in resources.items() if is_plain_value(definition)}
    for each in assets:
        if each._node_def is not None and (
            not known.issuperset(each.get_resource_requirements()) or each.hook_defs or each.resource_defs
        ):
            check_provided(requirements_of_assets(each), {*known, *each.resource_defs})
        if plain and each._node_def is not None and not plain.isdisjoint(each.get_resource_requirements()):
            check_managers(requirements_of_assets(each), resources)
    for key, definition in resources.items():
        for inner in definition.required_resource_keys:
            if inner not in known:
                raise InvalidDefinitionError(
                    f"resource with key '{inner}' required by resource with key '{key}' was not provided.",
                    mend=f"provide it: resources={{'{inner}': ...}}. Or {nearest_hint(inner, known, noun='resource')}",
                )


def check_hooks_provided(name: str, hooks: Iterable[HookDefinition], resources: Iterable[str]) -> None:
    """Refuse hooks of the job *name* that need a resource which nobody provides."""
    needs = (
        ResourceNeed(key, "resource", f"hook '{hook.name}' attached to job '{name}'")
        for hook in hooks
        for key in sorted(hook.required_resource_keys)
    )
    check_provided(needs, resources)


def check_job_provided(job: JobDefinition, resources: Mapping[str, ResourceDefinition]) -> None:
    """Refuse a job of ops that needs a resource which nobody provides, or a plain value as one."""
    given = {**resources, **job.resource_defs}
    if any(key in given and is_plain_value(given[key]) for key in job.required_resource_keys):
        check_managers(requirements_of_node(job.graph), given)
    known = {*given, "io_manager"}
    if not known.issuperset(job.required_resource_keys):
        check_provided(requirements_of_node(job.graph), known)
        missing = min(job.required_resource_keys - known)
        raise InvalidDefinitionError(
            f"resource with key '{missing}' required by a hook of job '{job.name}' was not provided.",
            mend=f"provide it: resources={{'{missing}': ...}}. Or {nearest_hint(missing, known, noun='resource')}",
        )
