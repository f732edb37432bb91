"""The parts of the pages of monitors."""
