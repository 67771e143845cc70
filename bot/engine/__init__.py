"""One turn, from message to committed record; this room knows protocols of the rooms around it, nothing behind them."""
