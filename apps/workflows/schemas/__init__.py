"""What the API says about workflows, and what it takes."""
