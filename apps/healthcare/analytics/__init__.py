"""What the agents of healthcare compute with: plain modules that know neither Django nor an agent."""
