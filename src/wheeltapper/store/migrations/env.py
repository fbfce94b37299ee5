"""How Alembic is run: on the connection that `database.migrate` opened, in its transaction."""

from alembic import context

from wheeltapper.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot change a column: a table is then copied to a new one.
    render_as_batch=True,
)
context.run_migrations()
