"""INAP under test: a switch with its telephones, and the tester's exchange and SCPs around it."""
