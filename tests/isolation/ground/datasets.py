"""The table that both tenants have."""

from __future__ import annotations

from typing import Any
from uuid import UUID


def table(marker: str) -> Any:
    """Two years of a sale a month, as text, as an upload is read."""
    import polars

    months = [f"{year}-{month:02}-01" for year in (2025, 2026) for month in range(1, 13)]
    quantities = [str(20 + number % 12) for number in range(24)]
    return polars.DataFrame({"item": [marker] * 24, "period": months, "quantity": quantities})


def dataset(id: UUID, marker: str, owner: Any) -> str:
    """A dataset of this id from the start: what is stored of it is sealed to its id."""
    from unittest.mock import patch

    from apps.datasets import services

    with patch.object(services, "uuid7", return_value=id):
        services.dataset_from_frame(frame=table(marker), name=f"Sales {marker}", filename=f"{marker}.csv", user=owner)
    return str(id)
