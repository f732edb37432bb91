"""The parts of the pages of customers."""
