"""The arithmetic of demand forecasting: pure functions over series, no Django and no agent."""
