"""What the house needs from outside, as Protocols: the stream, the index, sources, responders, time, the network."""
