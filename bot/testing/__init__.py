"""Tools for testing: the kit for single actions, and the runner of test stories."""
