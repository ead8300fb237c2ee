"""What it costs to hand over bytes that are there already: to a local client, and from one agent to another."""
