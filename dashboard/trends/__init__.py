"""The parts of the Trends page: its filter, charts, cards and files."""
