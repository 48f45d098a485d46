"""What definitions are made of: signatures, types, inputs and outputs, resources, policies, hooks."""
