"""Level 3 under test: a signalling point or transfer point, and the tester's own Q.704."""
