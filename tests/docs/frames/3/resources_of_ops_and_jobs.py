"""A job maps the keys that its ops ask for to resources."""

from dagster import resource


class Database:
    def execute_query(self, query):
        queries.append(query)


queries = []


@resource
def database_resource(init_context):
    return Database()


#: block 3
#: block 4
assert do_database_stuff_job.execute_in_process().success
assert queries == ["create table_1 as select * from table_0"]
