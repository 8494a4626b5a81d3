"""How a town is founded and lives, month by month."""
