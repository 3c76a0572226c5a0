"""What Alembic runs: all missing versions in one transaction, which `schema.migrate` has begun and locked."""

from alembic import context

connection = context.config.attributes["connection"]
connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS parakeet")
context.configure(connection=connection, version_table_schema="parakeet")
context.run_migrations()
