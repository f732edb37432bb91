"""The console: Dash on FastAPI, its HTTP API and its live updates."""
