"""The front door: command line, settings and wiring. Imports everyone; nobody imports it."""

__version__ = "0.1.0"
