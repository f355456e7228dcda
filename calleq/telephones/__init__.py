"""The simulated telephones and the people at them: the only simulated part of the network.

`telephone` is the instrument (Q.931 on a line), `behaviours` who is at it, `house` all telephones
of a network, `diary` what each one lived through, `desk` the testers' way in.
"""
