"""A simulated My Number Card at APDU level, and two ways to reach it: vpcd and the card desk."""
