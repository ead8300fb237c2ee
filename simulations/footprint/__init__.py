"""What an agent costs on its node: memory in each of its situations, and the time until it is ready."""
