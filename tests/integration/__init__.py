"""Integration tests: docker-registry, tracker, agents and real clients as processes on loopback addresses."""
