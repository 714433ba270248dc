"""Where tools come from that need no agent and no workflow."""
