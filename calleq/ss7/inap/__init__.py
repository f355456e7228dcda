"""The intelligent network application part: typed operations of CS-1 and CS-2, and their octets.

`operations` is the contract that SSF, SRF and SCP code against. CS-1 is ETS 300 374-1 (Q.1218),
CS-2 the call party handling of EN 301 140-1 (Q.1228).
"""
