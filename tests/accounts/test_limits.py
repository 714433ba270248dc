"""The limit that is left while Redis is away."""

from __future__ import annotations

from apps.accounts.limits import WINDOW, LocalBudget


def test_an_account_gets_so_many_tries_in_a_window() -> None:
    budget = LocalBudget(each=2, total=100)
    assert [budget.take("a", now) for now in (0, 1, 2, WINDOW - 1)] == [True, True, False, False]
    assert budget.take("a", WINDOW)


def test_all_accounts_together_get_so_many() -> None:
    budget = LocalBudget(each=2, total=3)
    assert [budget.take(account, 0) for account in "abcde"] == [True, True, True, False, False]


def test_a_refused_try_uses_nothing_up() -> None:
    budget = LocalBudget(each=1, total=2)
    assert [budget.take(account, 0) for account in ("a", "a", "a", "b")] == [True, False, False, True]


def test_what_is_remembered_does_not_grow_with_refused_accounts() -> None:
    budget = LocalBudget(each=1, total=1)
    for number in range(1000):
        budget.take(str(number), 0)
    assert budget._tries.total() == 1
    assert len(budget._tries) == 1
