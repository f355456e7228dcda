"""calleq-sim: worlds, traffic, measures and reports on the virtual clock."""
