"""The contexts, under the paths that their types print."""
