"""Paths inside the compatible package that documents and programs import from; nothing is defined here."""
