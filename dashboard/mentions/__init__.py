"""The parts of the pages of mentions: cards of hits, conversations, exports."""
