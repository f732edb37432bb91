"""The inbox: the queue, the thread, the composer and the customer."""
