"""The command line: one module per command, each fast to import; heavy imports happen when a command runs."""
