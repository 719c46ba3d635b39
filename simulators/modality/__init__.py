"""A simulated modality: sends fictional studies by C-STORE. For development and tests only."""
