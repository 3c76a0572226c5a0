"""PostgreSQL: the connection of a function, and the schema's migrations."""
