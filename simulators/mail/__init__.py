"""A simulated mail server: keeps what it is given as files, delivers nothing to anybody."""
