"""Assets: specs, definitions, checks, sources, and the job that materializes them."""
