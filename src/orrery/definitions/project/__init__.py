"""All definitions of a project in one value, and how they are found in modules."""
