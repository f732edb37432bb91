"""The sections of the settings, one module each: ``section()`` draws it, ``STEPS`` are what can be done in it."""
