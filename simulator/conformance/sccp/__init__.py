"""SCCP under test: an end node and translator in one, and the tester's own Q.713."""
