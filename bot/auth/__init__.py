"""Authentication: customers and their codes, login with its throttles, sessions, keys.

Authenticator   an Authorization header -> a Principal (authenticator.py)
Login           account and code -> a session (login.py), within the limits of bot.stores.throttles
Sessions, Keys, Customers   what the command line and the operator's routes manage
Pepper, CodeHasher   how codes are stored
Auth, open_auth   all of it, on one database (opening.py)
"""
