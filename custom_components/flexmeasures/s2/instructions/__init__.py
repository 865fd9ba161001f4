"""What an RM is told to do: by a plan, or by hand."""
