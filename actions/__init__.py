"""The bank assistant's action plugins, and the bank client they share."""
