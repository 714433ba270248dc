"""Models that are trained on an organisation's own data: trained, judged, taken into use or back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import WaitExpired
from orchestrall_client.models import Dataset
from orchestrall_client.pages import listed
from orchestrall_client.payloads import plain
from orchestrall_client.training_models import Trainable, Trained, TrainedDetail

LOOK_EVERY = 2.0
"""Seconds between two looks at a training that is waited for."""
PATH = "/api/v1/trained-models"


class Trainings:
    """`client.trainings`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def trainables(self) -> list[Trainable]:
        """What can be trained here, each with the version that is in use."""
        answer = self._connection.json(get(PATH))
        return [Trainable.model_validate(each) for each in answer["items"]]

    def start(
        self,
        key: str,
        dataset: Dataset | UUID | str,
        *,
        options: Mapping[str, Any] | None = None,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Trained:
        """Train the next version on a dataset. `Conflict` while another one is trained.

        version = client.trainings.wait(client.trainings.start("retail.combination_weights", dataset))
        if version.gain and version.gain.low > 0:
            client.trainings.promote(version)
        """
        table = dataset.id if isinstance(dataset, Dataset) else dataset
        body = {"dataset": str(table), "options": plain(options or {}), "note": note}
        call = Call("POST", f"{PATH}/{key}/versions", json=body)
        return self._connection.one(call.once(idempotency_key), Trained)

    def list(self, key: str, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The versions, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, f"{PATH}/{key}/versions", Trained, fields=fields, limit=page_size)

    def get(self, version: Trained) -> TrainedDetail:
        """A version as it is now, with how good it is and what was learned."""
        return self._connection.one(get(self._at(version)), TrainedDetail)

    def wait(self, version: Trained, *, timeout: float | None = None) -> TrainedDetail:
        """Wait until it is trained. After `timeout` seconds (None: never) this raises `WaitExpired`; it goes on."""
        retries = self._connection.retries
        until = None if timeout is None else retries.clock() + timeout
        while (now := self.get(version)).is_open:
            if until is not None and timeout is not None and retries.clock() >= until:
                raise WaitExpired(now, timeout)
            retries.sleep(LOOK_EVERY)
        return now

    def stop(self, version: Trained) -> Trained:
        """Stop a training. `Conflict` when it has ended."""
        return self._connection.one(Call("POST", f"{self._at(version)}/stop"), Trained)

    def promote(self, version: Trained, *, reason: str = "") -> Trained:
        """Take a version into use; an earlier one again: that is a roll-back. `Conflict` for one whose gain may be
        chance, unless a reason is given."""
        return self._connection.one(Call("POST", f"{self._at(version)}/promote", json={"reason": reason}), Trained)

    def retire(self, key: str) -> Trainable:
        """Have no version in use. `Conflict` when none is."""
        return self._connection.one(Call("POST", f"{PATH}/{key}/retire"), Trainable)

    def delete(self, version: Trained) -> None:
        """Delete a version. `Conflict` for the one in use."""
        self._connection.json(Call("DELETE", self._at(version)))

    def _at(self, version: Trained) -> str:
        return f"{PATH}/{version.key}/versions/{version.id}"
