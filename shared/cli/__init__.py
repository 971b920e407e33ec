"""The `house` command."""
