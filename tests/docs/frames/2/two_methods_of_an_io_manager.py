"""An IO manager has the two methods with the parameters that the document gives them."""

import inspect
import re

from dagster import IOManager, build_input_context, build_output_context

SIGNATURES = """
#: block 17
"""

stated = re.findall(r"def (\w+)\(self, ([^)]*)\)", SIGNATURES)
assert len(stated) == 2
for name, parameters in stated:
    names = [parameter.split(":")[0].strip() for parameter in parameters.split(",")]
    assert list(inspect.signature(getattr(IOManager, name)).parameters) == ["self", *names]


class Box(IOManager):
    def handle_output(self, context, obj):
        self.value = obj

    def load_input(self, context):
        return self.value


io_manager = Box()
context = build_output_context(name="result", step_key="one")
result = 5
#: block 18
context = build_input_context(upstream_output=context)
value = (
    #: block 19
)
assert value == 5
