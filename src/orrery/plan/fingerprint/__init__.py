"""
What a value depends on, as data: the *fingerprint*.

``canonical`` hashes values, ``code_form`` the body of a function, ``reach`` follows a function to everything
of the project that it can call or read, and ``fingerprint`` puts code, config, inputs and partition together.
Pure: sources of modules and versions of distributions come in as facts (``reach.CodeFacts``), which
``runtime/engine/code_facts.py`` gathers. Begin with ``fingerprint``.
"""
