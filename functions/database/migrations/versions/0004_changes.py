"""When the latest change of a currency's trades was learned, deletions included, by an index."""

from alembic import op

revision = "0004"
down_revision = "0003"

# The other index of times leaves deletions out. Writers wait while it is made, as with that one.
CHANGES = """
CREATE INDEX trade_versions_changes ON parakeet.trade_versions (currency, known_from);
"""


def upgrade() -> None:
    """The previous code neither needs it nor minds it."""
    op.get_bind().exec_driver_sql(CHANGES)
