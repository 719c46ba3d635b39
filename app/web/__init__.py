"""Web manners: sessions, default-deny access, security headers, errors to pages, languages."""
