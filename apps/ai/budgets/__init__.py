"""What may be spent on models: limits, and the reservation that each call makes on them before it leaves."""
