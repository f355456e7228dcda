"""ISUP under test: the bench, the tester's exchanges, and its own reading of Q.763."""
