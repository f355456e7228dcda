"""The signalling connection control part, connectionless (Q.711–Q.716): classes 0 and 1.

`contract` says what a subsystem (TCAP) and its provider owe each other; `service` is the provider
that an element attaches to its node of the signalling network.
"""
