"""What designers and plugin authors test with: the kit for single actions, and the runner of test stories."""
