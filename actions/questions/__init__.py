"""What customers ask about their money: from a message to a question, and from the bank's data to its answer. Pure."""
