"""Past runs, as replays have them."""

from tests.workflows.replaying.conftest import approver, past

__all__ = ["approver", "past"]
