"""Which head and loss estimates age best."""
