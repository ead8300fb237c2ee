"""The house rules that need more than a line: one module for each subject, used by tests/tidy. A check takes text and
yields faults, so that its test can show a good and a bad example."""
