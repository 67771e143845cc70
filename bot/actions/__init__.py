"""What a plugin author sees (Action, Turn), the default actions, forms, and remote action servers."""
