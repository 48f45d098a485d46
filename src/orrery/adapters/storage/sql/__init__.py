"""
Records in a SQL database, whichever: tables, what is written in one transaction, and the questions.

``tables`` is the schema, ``migrations`` the way from older ones (Alembic). ``append`` stores a batch of
entries with everything that follows from it; ``events``, ``assets``, ``runs`` and ``schedules`` are the
questions, as functions of a connection. ``writer`` groups batches into transactions. ``storage`` puts
them behind the ports; the adapters beside this folder (``sqlite``) give it a database. Only SQLAlchemy
Core is spoken here, so that a dialect is a matter of the adapter.
"""
