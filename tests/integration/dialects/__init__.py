"""Registries as they really behave: a stand-in for each, with the statuses, headers and redirects of its real flow."""
