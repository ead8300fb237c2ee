"""Who may have what: a registry with rights, callers with and without them, and the cells that follow from both."""
