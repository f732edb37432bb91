"""What a collector and a responder of one platform both need to sign in: neither may import the other."""
