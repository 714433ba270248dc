"""Where the checkpoints of the audit logs go."""

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from orchestrall.settings.env import env

# A folder, or s3://bucket/prefix. Empty: `checkpoints` in the folder of the installation.
AUDIT_CHECKPOINTS = env.audit_checkpoints
# Of a bucket elsewhere than at AWS, as https://s3.example.org. Credentials are what boto3 finds: a role, or AWS_*.
AUDIT_CHECKPOINTS_ENDPOINT = env.audit_checkpoints_endpoint
_address = urlsplit(AUDIT_CHECKPOINTS)
if _address.scheme == "s3":
    if not _address.netloc or _address.query or _address.fragment:
        raise ImproperlyConfigured(
            f"ORCHESTRALL_AUDIT_CHECKPOINTS is {AUDIT_CHECKPOINTS!r}: write s3://bucket, or s3://bucket/prefix."
        )
elif AUDIT_CHECKPOINTS and not Path(AUDIT_CHECKPOINTS).is_absolute():
    raise ImproperlyConfigured(
        f"ORCHESTRALL_AUDIT_CHECKPOINTS is {AUDIT_CHECKPOINTS!r}: use the absolute path of a folder, or s3://bucket."
    )
