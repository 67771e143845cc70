"""The plugin author's API (Action, Turn), the default actions, forms, and remote action servers."""
