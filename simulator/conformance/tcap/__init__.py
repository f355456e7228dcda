"""TCAP cases: one subsystem's end of TCAP under test, the tester its far end."""
