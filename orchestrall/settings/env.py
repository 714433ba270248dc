"""The environment, read once. Nothing else in the project looks at os.environ for configuration."""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

Process = Literal["web", "live", "worker-cpu", "worker-io", "manage"]


def _flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} is {value!r}: use 1 or 0.")
    return value in {"1", "true", "yes"} if value else default


def number(name: str, default: int) -> int:
    """The whole number in `name`, or an error that says what to do."""
    value = os.environ.get(name, "")
    if not value.isdigit() and value:
        raise ImproperlyConfigured(f"{name} is {value!r}: use a whole number.")
    return int(value or default)


def _pairs(name: str) -> dict[str, str]:
    """What `name` says as ``key=value``, several separated by spaces, commas or lines."""
    pairs = [pair.partition("=") for pair in given(name).replace(",", " ").split()]
    if wrong := [key for key, sign, value in pairs if not (key and sign and value)]:
        raise ImproperlyConfigured(f"{name} holds {wrong[0]!r}: use key=value, separated by spaces or commas.")
    return {key: value for key, _, value in pairs}


def _process() -> Process:
    value = os.environ.get("ORCHESTRALL_PROCESS", "manage")
    if value not in get_args(Process):
        raise ImproperlyConfigured(f"ORCHESTRALL_PROCESS is {value!r}: use one of {', '.join(get_args(Process))}.")
    return value  # type: ignore[return-value]


def given(name: str) -> str:
    """The value of `name`, or what is in the file that NAME_FILE names; empty where neither is set."""
    value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if not path:
        return value
    if value:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set: keep one.")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error


def required(name: str, remedy: str) -> str:
    """The value of `name`, or an error that says what to do."""
    value = given(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {remedy}")
    return value


def _collects_traces() -> bool:
    """By the variables that are the same for every program, which the library reads by itself."""
    told = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or not any(map(os.environ.get, told)):
        return False
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip() not in {"", "otlp"}:
        return False
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        value = os.environ.get(name, "").strip()
        if value not in {"", "http/protobuf"}:
            raise ImproperlyConfigured(f"{name} is {value!r}: spans are sent by http/protobuf alone, to port 4318.")
    return True


def kept_secret(name: str, path: Path) -> str:
    """The value of `name`, or one made once and kept in `path` (mode 0600): for development only."""
    if value := given(name):
        return value
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.touch(0o600)
        fresh.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        with suppress(FileExistsError):
            os.link(fresh, path)  # the first of two processes wins; a rename would let the second one
        fresh.unlink()
    return path.read_text()


@dataclass(frozen=True)
class Env:
    process: Process
    var: Path
    """Folder for everything that the installation keeps outside the database."""
    keys: Path
    """Folder for the wrapped data keys of tenants, which are backed up apart from everything else."""
    key_wrapper: str
    """Dotted path of the class that wraps data keys by a key management service; empty: the master key does it."""
    former_master_keys: list[str]
    """Master keys that still open, while data keys are wrapped anew."""
    breached_passwords: str
    """File of hashes of passwords that were stolen somewhere; empty: the shipped list of common ones alone."""
    outbound_networks: list[str]
    """Internal networks that tenants' requests may reach besides the public one, as 10.1.0.0/16."""
    audit_checkpoints: str
    """Folder, or s3://bucket/prefix, for the checkpoints of the audit logs; empty: a folder in `var`."""
    audit_checkpoints_endpoint: str
    """Address of the S3-compatible service that the bucket is at; empty: AWS."""
    langchain: list[str]
    """Integrations of LangChain that tenants may use; empty: only openai."""
    langchain_tools: list[str]
    """Tools of LangChain that custom agents may read with, as package.module:attribute."""
    base_host: str
    """Tenants answer at <slug>.<base_host>."""
    public_port: int
    """Port in links that are printed or mailed; 0 for the scheme's own."""
    demo: bool
    log_level: str
    log_levels: dict[str, str]
    """Levels of single industries, by their keys."""
    log_to: str
    """``stderr``, ``stdout``, or a folder."""
    errors_dsn: str
    """Where errors are told, by the protocol of Sentry; empty: nowhere but in the log."""
    traces: bool
    """Whether the standard variables of OpenTelemetry name where spans go."""
    metrics_token: str
    worker_alive_file: str
    """A file that a worker touches at each heartbeat, for whoever looks after its process; empty: none."""


_var = Path(os.environ.get("ORCHESTRALL_VAR") or BASE_DIR / "var").resolve()
env = Env(
    process=_process(),
    var=_var,
    keys=Path(os.environ.get("ORCHESTRALL_KEYS") or _var / "keys").resolve(),
    key_wrapper=os.environ.get("ORCHESTRALL_KEY_WRAPPER", ""),
    former_master_keys=given("ORCHESTRALL_FORMER_MASTER_KEYS").replace(",", " ").split(),
    breached_passwords=os.environ.get("ORCHESTRALL_BREACHED_PASSWORDS", "").strip(),
    outbound_networks=given("ORCHESTRALL_OUTBOUND_NETWORKS").replace(",", " ").split(),
    audit_checkpoints=os.environ.get("ORCHESTRALL_AUDIT_CHECKPOINTS", "").strip(),
    audit_checkpoints_endpoint=os.environ.get("ORCHESTRALL_AUDIT_CHECKPOINTS_ENDPOINT", "").strip(),
    langchain=given("ORCHESTRALL_LANGCHAIN").replace(",", " ").split(),
    langchain_tools=given("ORCHESTRALL_LANGCHAIN_TOOLS").replace(",", " ").split(),
    base_host=os.environ.get("ORCHESTRALL_BASE_HOST", "localhost"),
    public_port=number("ORCHESTRALL_PUBLIC_PORT", 0),
    demo=_flag("ORCHESTRALL_DEMO"),
    log_level=os.environ.get("ORCHESTRALL_LOG_LEVEL", "INFO"),
    log_levels=_pairs("ORCHESTRALL_LOG_LEVELS"),
    log_to=os.environ.get("ORCHESTRALL_LOG_TO") or "stderr",
    errors_dsn=given("ORCHESTRALL_ERRORS_DSN"),
    traces=_collects_traces(),
    metrics_token=os.environ.get("ORCHESTRALL_METRICS_TOKEN", ""),
    worker_alive_file=os.environ.get("ORCHESTRALL_WORKER_ALIVE_FILE", ""),
)
