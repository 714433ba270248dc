"""What models cost: the ledger of calls added up, a forecast of the month, and what of it needs attention."""
