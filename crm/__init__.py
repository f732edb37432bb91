"""The core: words, ports, text, query, policies, records and use cases. Imports nobody of the house."""
