"""
How long ``import`` takes, in a process that has imported nothing else: import_time.py MODULE [NAMES].

With NAMES, comma-separated, each of these is asked of the module too, because a lazy module is only honest so.
"""

import importlib
import json
import sys
import time

names = sys.argv[2].split(",") if len(sys.argv) > 2 else []
start = time.perf_counter()
module = importlib.import_module(sys.argv[1])
for name in names:
    getattr(module, name)
print(json.dumps({"seconds": {"total": time.perf_counter() - start}}))
