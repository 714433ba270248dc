"""What agents are for others: tools."""
