"""The pages of the console, one module each; those with ``@page`` are found by themselves."""
