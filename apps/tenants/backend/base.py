"""Sets the search path of a connection where it is not the one that is wanted already.

django-tenants sets it whenever a tenant is entered, which is once a request. Connections outlive requests, and mostly
serve the same tenant again: then the statement is not needed. What a connection was left with is remembered on the
connection itself, and only where the path was set outside of a transaction: what is set inside may be rolled back.

Where the path cannot be set, because the statement was cancelled or timed out, django-tenants goes on: the next
statement would then be answered by the tenant that the connection served before. Here it is not sent.

A connection of the pool that its server has closed meanwhile is left, and another taken. The pool could ask each one by
a round trip before it lends it; that a server has gone is seen by the socket, at no cost (decision 0164).
"""

from __future__ import annotations

import select
from typing import Any, Final

import psycopg
from django.db.utils import OperationalError
from django_tenants.postgresql_backend import base
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

_KEPT: Final = "orchestrall_search_path"


class DatabaseWrapper(base.DatabaseWrapper):
    search_path_set_schemas: list[str] | None

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        found: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        while self.pool is not None and _is_gone(found):
            found.close()
            self.pool.putconn(found)  # which makes another for it
            found = super().get_new_connection(conn_params)
        return found

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self._setting_search_path or self.search_path_set_schemas:
            super()._handle_search_path(cursor)
            return
        raw, wanted = self.connection, self._get_cursor_search_paths()
        if getattr(raw, _KEPT, None) == wanted:
            self.search_path_set_schemas = wanted
            return
        setattr(raw, _KEPT, None)
        super()._handle_search_path(cursor)
        status = raw.info.transaction_status
        if self.search_path_set_schemas == wanted and status == TransactionStatus.IDLE:
            setattr(raw, _KEPT, wanted)
        # After an error inside a transaction nothing but its rollback is carried out, wherever the path leads.
        if self.search_path_set_schemas is None and status != TransactionStatus.INERROR:
            raise OperationalError(f"The schema {self.schema_name} could not be entered; the statement was not sent.")

    def search_path_forget(self) -> None:
        """To be called where something else has set the search path of the session."""
        self.search_path_set_schemas = None
        if self.connection is not None:
            setattr(self.connection, _KEPT, None)


def _is_gone(idle: psycopg.Connection[Any]) -> bool:
    """Whether the server has closed a connection. One that is at rest has nothing to read but its last words; where it
    has something else to say, as that a setting was changed, it is asked."""
    poll = select.poll()
    poll.register(idle.fileno(), select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        ConnectionPool.check_connection(idle)
    except psycopg.OperationalError:
        return True
    return False
