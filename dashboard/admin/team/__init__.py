"""The page Team: who belongs to it, what each may do, and how far each can see."""
