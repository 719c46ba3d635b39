"""The message box (電子私書箱): letters that wait behind the login."""
