"""The contexts, under the paths that their types print."""

from dagster._elsewhere import public_names_at

__getattr__ = public_names_at(__name__)
