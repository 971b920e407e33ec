"""What keeps a person's words readable only as long as that person wants."""
