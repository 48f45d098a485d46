"""
Schedules and sensors: declarations that wish for runs.

They hold the user's functions and call none: a tick is evaluated through the hatch. ``schedule`` and
``sensor`` are where to begin; ``target`` says what they aim at, ``results`` what a tick gives.
"""
