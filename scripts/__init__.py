"""Set-up, run and gate. Started by the system's Python before any package is installed."""
