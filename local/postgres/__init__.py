"""A real PostgreSQL for one machine, behind a front that ends TLS as Neon's proxy does."""
