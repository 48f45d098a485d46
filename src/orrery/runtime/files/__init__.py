"""
Files that are written whole or not at all.

Whatever stores values in files, on whichever floor above, writes them through :mod:`~orrery.runtime.files.atomic` and
nothing else. Below it: what is published together (``batch``), what is on its way to its name (``staged``), the files that
it is in until then (``temporary``), and how they are made durable (``sync``). Beside it:
how long a store elsewhere may be silent (``patience``), what it calls the bytes that it holds (``entity_tags``),
what is known of the heads of files (``known_heads``), and tables of what can be found out again (``kept_table``).
"""
