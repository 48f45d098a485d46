"""
The instance: a frozen bundle of ports, and the questions that are asked of it.

``instance`` holds the class; ``runs`` and ``assets`` the questions that need more than a line;
``ref`` names an instance for another process; ``clock`` is the real one. Import :class:`Instance` from here.
"""

from __future__ import annotations

from orrery.runtime.instance.assets import AssetPartitionStatus
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.ref import InstanceRef

__all__ = ["AssetPartitionStatus", "Instance", "InstanceRef"]
