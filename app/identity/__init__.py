"""Accounts, their credentials, memberships, and the card login that opens a session."""
