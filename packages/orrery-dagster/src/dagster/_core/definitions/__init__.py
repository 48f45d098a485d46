"""Paths of definitions inside the compatible package; nothing is defined here."""

from dagster._elsewhere import public_names_at

__getattr__ = public_names_at(__name__)
