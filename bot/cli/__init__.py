"""The command line: one module per command, each light to import; what is heavy is imported when a command runs."""
