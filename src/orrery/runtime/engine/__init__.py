"""
Carry a plan out: resources, inputs, the user's function, outputs, events, in that order.
"""
