"""Signalling system No. 7: codecs, links, transfer points and circuits; sans-I/O at heart."""
