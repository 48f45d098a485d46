"""functools.wraps carries the metadata of a function to its wrapper."""

import contextlib
import io

SESSION = """
#: block 5
"""

printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    #: block 4
    say_hello("World")

call, *stated = SESSION.strip().splitlines()
assert call == '>>> say_hello("World")'
assert printed.getvalue().splitlines() == stated
