"""The transaction capabilities application part, ITU (Q.771–Q.775).

`components` and `contract` are what its users speak; `TransactionCapabilities` in `transactions`
is one subsystem's end, `Entity` in `entity` joins it with SCCP and a clock.
"""
