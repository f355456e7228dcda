"""Taps, capture files and ladders: what crossed the wires, kept and read back.

`capture` keeps octets with where and when they were seen, `pcap` writes the signalling among them
for other people's tools, `ladder` finds the messages of one call and decodes them.
"""
