"""Where documents look for what runs: ``api``, and the contexts."""

from dagster._elsewhere import public_names_at

__getattr__ = public_names_at(__name__)
