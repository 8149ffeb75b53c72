"""Alembic's entry: migrates the one service and connection that the runner put into the configuration."""

from alembic import context

from migrations.runner import comparison

given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=given["metadata"], **comparison(given["service"]))
with context.begin_transaction():
    context.run_migrations()
