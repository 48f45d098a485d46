"""Paths of definitions inside the compatible package; nothing is defined here."""
