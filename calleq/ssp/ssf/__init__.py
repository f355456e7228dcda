"""The service switching function of a switch: calls that service control points take part in."""
