"""Work without a request: the outbox, the nightly round of reminders, deliveries, housekeeping."""
