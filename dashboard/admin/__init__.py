"""Health, settings, team and audit: each page is one list of sections, a drawer, a dialog, and steps taken in them."""
