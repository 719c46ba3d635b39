"""Who may do what: one actor, one table, one question. Pure; denies by default."""
