"""
Definitions as JSON documents: what a program may want to know of an asset, a job, a resource.
"""

from __future__ import annotations

from typing import Any

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph

__all__ = ["asset_document", "job_document", "resource_document"]


def asset_document(graph: AssetGraph, key: AssetKey) -> dict[str, Any]:
    """Return what the definition of an asset says; names of assets as people write them."""
    node = graph.get(key)
    return {
        "key": key.to_escaped_user_string(),
        "path": list(key.parts),
        "group": node.group_name,
        "description": node.description,
        "kinds": sorted(node.kinds),
        "owners": node.owners,
        "tags": dict(node.tags),
        "code_version": node.code_version,
        "partitions": None if node.partitions_def is None else str(node.partitions_def),
        "external": not node.is_materializable,
        "upstream": [parent.to_escaped_user_string() for parent in graph.get_parents(key)],
        "downstream": [child.to_escaped_user_string() for child in graph.get_children(key)],
        "checks": [check.name for check in graph.check_keys_of(key)],
        "defined_at": node.location,
    }


def job_document(job: Any) -> dict[str, Any]:
    """Return what a job says: the assets it makes, or the ops it runs."""
    layer = job.asset_layer
    makes_assets = layer is not None and layer.is_asset_job
    return {
        "name": job.name,
        "description": job.description,
        "tags": dict(job.tags),
        "partitions": None if job.partitions_def is None else str(job.partitions_def),
        "assets": sorted(key.to_escaped_user_string() for key in layer.selected_keys) if makes_assets else None,
        "ops": [] if makes_assets else [node.name for node in job.nodes_in_topological_order],
    }


def resource_document(key: str, resource: Any) -> dict[str, Any]:
    """Return what is known of a resource: its key, the class it is declared with, and its description."""
    declared = getattr(resource, "configurable", resource)  # an object of a resource class, in its definition
    kind = getattr(declared, "resource_cls", type(declared))  # ... or one that is configured at launch
    description = resource.description
    return {"key": key, "type": kind.__name__, "description": description or None}
