"""What Alembic runs: all missing versions in one transaction, alone."""

from alembic import context

# "parakeet" as a number that no other program is likely to lock.
LOCK = 0x7061726B

connection = context.config.attributes["connection"]
# PostgreSQL sets it free with the transaction, also if this process is killed, and a pooler cannot lose it.
connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS parakeet")
context.configure(connection=connection, version_table_schema="parakeet")
context.run_migrations()
