"""
What a program does with definitions: plan, execute, materialize, observe, read results, build contexts.
"""
