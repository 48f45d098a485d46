"""Paths inside the compatible package that documents and programs import from; nothing is defined here."""

from dagster._elsewhere import public_names_at

__getattr__ = public_names_at(__name__)
