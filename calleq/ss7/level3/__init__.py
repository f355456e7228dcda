"""Signalling network management (Q.704 §3 to §13): what level 3 does about failures."""
