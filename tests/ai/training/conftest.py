"""A model that is trained on a column of numbers, in the tenant that is entered."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from apps.accounts.models import User
from apps.ai.models import TrainedModel
from apps.ai.training import services
from apps.ai.training.contract import TRAINABLES
from apps.datasets.services import dataset_upload
from tests.agents.conftest import WorkOff, board, work_off
from tests.conftest import MakeMember
from tests.dummy.kinds.tendency import TENDENCY

__all__ = ["board", "work_off"]

Upload = Callable[..., UUID]
Train = Callable[..., TrainedModel]
TRAINABLE = TRAINABLES[TENDENCY]


@pytest.fixture
def builder(member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def upload(builder: User) -> Upload:
    """`upload(*values, column="value")`: the id of a dataset with a column of numbers."""

    def make(*values: float, column: str = "value") -> UUID:
        text = f"{column}\n" + "".join(f"{value}\n" for value in values)
        return dataset_upload(file=BytesIO(text.encode()), name="values.csv", user=builder).pk

    return make


@pytest.fixture
def start(builder: User, upload: Upload) -> Train:
    """`start(*values, options={})`: a training that waits for a worker."""

    def make(*values: float, options: dict[str, Any] | None = None, dataset: UUID | None = None) -> TrainedModel:
        table = dataset or upload(*(values or (9, 11, 10, 10)))
        return services.training_start(
            who=builder, user=builder, trainable=TRAINABLE, dataset=table, options=options or {}
        )

    return make


@pytest.fixture
def train(start: Train, work_off: WorkOff) -> Train:
    """`train(*values)`: a training that has been worked off."""

    def make(*values: float, **given: Any) -> TrainedModel:
        row = start(*values, **given)
        work_off()
        row.refresh_from_db()
        return row

    return make
