"""What every feature stands on and that knows no feature: clock, ids, error kinds, database."""
