"""The customer-first call: one machine, driven by any equipment."""
