"""What stands for a text or a document in an entry, which keeps none: its size, and a digest to hold it against."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(value: Any) -> dict[str, Any]:
    """Bytes and SHA-256 of a text in UTF-8; of any other value, of its JSON with names sorted and no space."""
    text = value if isinstance(value, str) else _json(value)
    data = text.encode(errors="replace")
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
