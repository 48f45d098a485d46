"""
The IO managers that people configure as classes.
"""

from __future__ import annotations

from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager, signing_key, storage_directory
from orrery.runtime.contexts.init_resource import InitResourceContext
from orrery.runtime.files.known_heads import known_heads_of
from orrery.runtime.resources.io_manager import ConfigurableIOManagerFactory

__all__ = ["FilesystemIOManager"]


class FilesystemIOManager(ConfigurableIOManagerFactory[PickledObjectFilesystemIOManager]):
    """
    Store values as pickles, each in a file of its own, whole or not at all.

    The value of asset ``["sales", "orders"]`` lies at ``sales/orders.pickle`` below the directory, that of
    a partition at ``sales/orders/partition=2024-01-01.pickle``, that of an op's output at
    ``RUN_ID/STEP_KEY/OUTPUT.pickle``. A materialization replaces the one before it.

    Attributes:
        base_dir: The directory; by default the storage directory of the instance.
        allow_unsigned: Whether pickles are loaded that the instance did not sign, as those of programs that run without
            one; by default what its settings say, and else not.

    Example::

        Definitions(assets=[orders], resources={"io_manager": FilesystemIOManager(base_dir="data")})
    """

    base_dir: str | None = None
    allow_unsigned: bool | None = None

    def create_io_manager(self, context: InitResourceContext) -> PickledObjectFilesystemIOManager:
        """Return the IO manager that steps use."""
        return PickledObjectFilesystemIOManager(
            self.base_dir or storage_directory(context),
            signing_key(context, self.allow_unsigned),
            known_heads_of(getattr(context, "instance", None)),
        )
