"""Sharing of images between hospitals: directory, requests, consents, grants, access tokens."""
