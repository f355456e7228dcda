"""Scenarios: what happens in a network and what must come of it, as data that is checked whole."""
