"""Language models that a tenant trusts: providers, prompts, budgets, the ledger of calls, masking, trained models.

The only app that knows a provider's library. It knows no agent and no workflow: these ask it for a `Model` for a
purpose. No call leaves before its cost is reserved and personal data in it masked, and no answer is taken for a figure.
"""
