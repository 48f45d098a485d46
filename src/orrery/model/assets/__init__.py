"""
What is known of assets, whoever defined them.

``node`` is one asset or check, ``graph`` all of them and their edges, ``selection`` and ``syntax``
ways to name some of them, ``subset`` what one run takes. Everything here is a value and pure; the
definitions above build nodes, and every room above may ask the graph. Begin with ``graph``.
"""
