"""The page Health: how a post travels, where it is held up, and what to do about it."""
