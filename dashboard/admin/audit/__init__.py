"""The page Audit: its rows as sentences."""
