"""
The flights that left New York in 2013: from raw files to a report, one file per idea.

Read in the order of the data: ``source`` (the files), ``raw``, ``clean``, ``joined``, ``delays``, ``bands``
(an asset factory), ``model`` (over ``logistic``, plain numpy), ``report`` (over ``drawing``, plain matplotlib).
``checks`` says what must hold, ``storage`` where values lie, and ``definitions`` puts it all together.
"""
