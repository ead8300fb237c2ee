"""Tests of the simulations themselves: what they compute, read and refuse, and that they leave nothing behind."""
