"""Run by Alembic for each upgrade, on the connection that `control.schema` hands over; there is no command line.

Each migration and its version row are one transaction (SQLite's DDL is transactional), so that a crash at any statement
leaves the schema as it was before that migration.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
