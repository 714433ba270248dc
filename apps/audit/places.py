"""Where checkpoints go: a place outside the database that is only added to. A folder, or a bucket that speaks S3.

Names are paths below the place, in an order: of two checkpoints of a tenant the later one has the greater name. Nothing
is ever written over: what stands there with other words is reported as `PlaceDiffers`.
"""

from __future__ import annotations

import os
import secrets
from abc import ABC, abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

KEY_FILE: Final = "public-key.txt"
_SHARD: Final = 4096
"""Sizes whose checkpoints share a folder, so that none grows beyond what one likes to list."""


class PlaceUnavailable(Exception):
    """The place cannot be read or written now; the text says why."""


class PlaceDiffers(Exception):
    """Something else stands under this name already."""


def checkpoint_name(epoch: int, size: int) -> str:
    """The name of a checkpoint below its tenant's own folder."""
    return f"{epoch:06}/{size // _SHARD:09}/{size:012}.checkpoint"


class Place(ABC):
    """A place for checkpoints."""

    def __init__(self, text: str) -> None:
        self.text = text
        """How people know it."""

    @abstractmethod
    def put(self, name: str, text: str) -> None:
        """Keep a text, for good. Raises `PlaceDiffers`, `PlaceUnavailable`; the same text again is no error."""

    @abstractmethod
    def get(self, name: str) -> str | None:
        """What is kept under a name. Raises `PlaceUnavailable`."""

    @abstractmethod
    def newest(self, below: str, after: str) -> str | None:
        """The greatest name below the folder `below` that is beyond `after`; both without it. Raises
        `PlaceUnavailable`."""


class Folder(Place):
    """A folder, best one of another machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def put(self, name: str, text: str) -> None:
        path = self._path / name
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(fresh, "x", opener=lambda file, flags: os.open(file, flags, 0o444)) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(fresh, path)  # whole or not at all, and never over another one
            finally:
                fresh.unlink()
            self._sync(path.parent)
        except FileExistsError:
            if self.get(name) != text:
                raise PlaceDiffers(name) from None
        except OSError as error:
            raise PlaceUnavailable(f"{path} cannot be written: {error.strerror}.") from error

    def get(self, name: str) -> str | None:
        try:
            return (self._path / name).read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise PlaceUnavailable(f"{self._path / name} cannot be read.") from error

    def newest(self, below: str, after: str) -> str | None:
        try:
            return self._greatest(self._path / below, "", after)
        except OSError as error:
            raise PlaceUnavailable(f"{self._path / below} cannot be read: {error.strerror}.") from error

    def _greatest(self, folder: Path, name: str, after: str) -> str | None:
        """Only folders that may hold something beyond `after` are looked into."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except FileNotFoundError:
            return None
        for entry in entries:
            path = f"{name}{entry.name}"
            if entry.is_dir():
                if f"{path}/" < after[: len(path) + 1]:
                    return None
                if found := self._greatest(folder / entry.name, f"{path}/", after):
                    return found
            elif path.endswith(".checkpoint") and not entry.name.startswith(".") and path > after:
                return path
        return None

    @staticmethod
    def _sync(folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Bucket(Place):
    """A bucket that speaks S3. Its object lock keeps checkpoints even from whoever has our credentials."""

    def __init__(self, address: str, endpoint: str) -> None:
        super().__init__(address)
        parts = urlsplit(address)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._endpoint = endpoint or None
        self._made: Any = None

    def put(self, name: str, text: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            # `*`: only where there is nothing under this name.
            self._client.put_object(
                Bucket=self._bucket, Key=self._key(name), Body=text.encode(), IfNoneMatch="*", ContentType="text/plain"
            )
        except ClientError as error:
            # 412: there is one; 409: somebody writes one at this moment.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in {409, 412}:
                raise self._unavailable(error) from error
            if self.get(name) != text:
                raise PlaceDiffers(name) from None
        except BotoCoreError as error:
            raise self._unavailable(error) from error

    def get(self, name: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found: bytes = self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error
        return found.decode(errors="replace")

    def newest(self, below: str, after: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        folder = self._key(f"{below}/")
        found = None
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=folder, StartAfter=folder + after
            )
            for page in pages:
                names = [each["Key"] for each in page.get("Contents", []) if each["Key"].endswith(".checkpoint")]
                found = names[-1] if names else found
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable(error) from error
        return found.removeprefix(folder) if found else None

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @property
    def _client(self) -> Any:
        if self._made is None:
            import boto3
            from botocore.config import Config

            how = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
            self._made = boto3.client("s3", endpoint_url=self._endpoint, config=how)
        return self._made

    def _unavailable(self, error: Exception) -> PlaceUnavailable:
        return PlaceUnavailable(f"{self.text} does not take or give checkpoints: {error}")


def place() -> Place:
    """The place that the settings name."""
    address = settings.AUDIT_CHECKPOINTS or str(Path(settings.VAR) / "checkpoints")
    return _place(address, settings.AUDIT_CHECKPOINTS_ENDPOINT)


@lru_cache(maxsize=4)
def _place(address: str, endpoint: str) -> Place:
    return Bucket(address, endpoint) if address.startswith("s3://") else Folder(Path(address))
