"""
Where the captured output of steps goes.

``local`` keeps it in files below the instance's directory; ``streams`` leads the streams of this process there.
Begin with ``local``.
"""
