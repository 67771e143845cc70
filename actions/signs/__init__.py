"""Signs in a message that something other than an answer comes first: told by closed words, and warned of."""
