"""Static files under names that carry their content's hash, so that browsers keep them for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ConsoleStorage(CompressedManifestStaticFilesStorage):
    """Also renames what our modules import: a module known under two names would run twice.

    Scripts of others stay as they are: some name files that their packages do not carry.
    """

    support_js_module_import_aggregation = True

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[Any], str]:
        if name.endswith(".js") and not (Path(str(settings.STATICFILES_DIRS[0])) / name).is_file():
            return lambda match: str(match[0])
        converter: Callable[[Any], str] = super().url_converter(name, hashed_files, template)
        return converter
