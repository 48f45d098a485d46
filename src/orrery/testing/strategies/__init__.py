"""
Strategies for hypothesis: any nested graph of ops, any graph of assets, each with what it must come to.

Needs ``hypothesis``. Begin with :func:`op_graphs` or :func:`asset_graphs`.
"""

from orrery.testing.strategies.assets import DrawnAssets, asset_graphs
from orrery.testing.strategies.ops import DrawnGraph, op_graphs

__all__ = ["DrawnAssets", "DrawnGraph", "asset_graphs", "op_graphs"]
