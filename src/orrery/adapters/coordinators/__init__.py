"""
What happens between asking for a run and launching it: at once, or in a queue with limits.
"""
