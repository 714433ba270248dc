"""The cache of content types, keyed by schema.

Django keeps one cache per process. Content types are rows of a tenant, so two threads in two tenants would write each
other's ids; that the cache is cleared at every switch does not help, as the other thread fills it again.
"""

from __future__ import annotations

from typing import Any

from django.db import connections


class PerSchema(dict[Any, Any]):
    """Stands in for `ContentTypeManager._cache`: `cache[db]` is the cache of that connection's current schema.

    `clear()` stays dict's own: it is called while a connection is being made, and looking at one there would recurse.
    """

    def _key(self, using: str) -> tuple[str, str]:
        return using, connections[using].schema_name  # type: ignore[attr-defined]

    def __getitem__(self, using: str) -> Any:
        return super().__getitem__(self._key(using))

    def setdefault(self, using: str, default: Any = None) -> Any:
        return super().setdefault(self._key(using), default)


def install() -> None:
    """Give every manager of content types the same cache.

    The ones in `local_managers` too: Django copies its managers anew from these whenever a model is registered late,
    and a copy of an untouched one would bring the shared cache back without a word.
    """
    from django.contrib.contenttypes.models import ContentType

    cache = PerSchema()
    for manager in (*ContentType._meta.local_managers, *ContentType._meta.managers):
        manager._cache = cache  # type: ignore[attr-defined]
