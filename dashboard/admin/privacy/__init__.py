"""The page Privacy: whom we know, erasing, and the receipts."""
