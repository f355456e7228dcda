"""Automatic call distribution: which representative is offered the next call."""
