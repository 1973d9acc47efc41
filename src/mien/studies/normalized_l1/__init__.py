"""L1 on normalized targets against plain L1."""
