"""Conformance: published test suites as data, run against an element of calleq by its octets."""
