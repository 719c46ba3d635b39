"""Reminders: forecast minus what was sent, pulled every night, never scheduled ahead."""
