"""Faults of every kind, on real programs: each test says what is promised meanwhile and afterwards."""
