"""Ops, graphs and jobs: nodes, how they depend on one another, and how composition records it."""
