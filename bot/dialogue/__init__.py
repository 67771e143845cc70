"""The pure heart of a conversation: events, the tracker that folds them, policies, slots and responses; no I/O."""
