"""
What user code is given: thin views over plan, step and resources, computed on demand.
"""
