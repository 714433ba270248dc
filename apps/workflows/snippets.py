"""How another system sends a signed message to a webhook, as a script to copy."""

from __future__ import annotations

import json
import shlex
from typing import Any


def webhook_curl(address: str, message: Any, secret: str = "") -> str:
    """Commands for a shell that sign a message as Standard Webhooks says, and send it. They need openssl and curl.

    Without the secret they take it from `WEBHOOK_SECRET`. The signature is made when they run: it holds for minutes.
    """
    given = shlex.quote(secret) if secret else '"$WEBHOOK_SECRET"'
    return "\n".join(
        [
            f"secret={given}",
            f"body={shlex.quote(json.dumps(message, ensure_ascii=False))}",
            'sent=$(date +%s); id="msg_$sent-$$"',
            'key=$(printf %s "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d " \\n")',
            'signature=$(printf %s "$id.$sent.$body" |',
            '  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)',
            f"curl -sS {shlex.quote(address)} -H 'content-type: application/json' \\",
            '  -H "webhook-id: $id" -H "webhook-timestamp: $sent" -H "webhook-signature: v1,$signature" -d "$body"',
        ]
    )
