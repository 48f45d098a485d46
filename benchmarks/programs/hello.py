"""The smallest script: one asset, materialized. Its whole process is measured: hello.py MODULE."""

import importlib
import sys

og = importlib.import_module(sys.argv[1])


@og.asset
def hello():
    return "hello"


assert og.materialize([hello]).output_for_node("hello") == "hello"
