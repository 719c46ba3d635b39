"""Telling somebody that something waits: mail and Web Push behind one protocol, free of content."""
