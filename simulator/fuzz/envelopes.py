"""Sealed envelopes that are the same in every run, and the key that opens them.

Sealing draws a key for each envelope, so what is mutated would differ from run to run: these four
were sealed once, as `Sealer` seals (both agreements, a field and a whole message), with the key
that RFC 7515 prints in its appendix A.3.
"""

from calleq.protection.keys import MessageKey
from calleq.units import SECOND_US

NOW_US = 1_795_000_000 * SECOND_US
"""When they were sealed."""
KEY = MessageKey(
    kid="abc-example",
    business="abc",
    private={
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    },
    made_us=NOW_US,
)

ENVELOPES: tuple[bytes, ...] = (
    b"eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImtpZCI6ImFiYy1leGFtcGxlIiwiaWF0IjoxNzk1MDAw"
    b"MDAwLCJmaWVsZCI6Im5vdGUiLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4IjoiT0QxbFVfU3IzNVF5YlU0V3JEeFNY"
    b"N1I0MW1pYkFFUjFMTGRIcVZKM004RSIsInkiOiI4UHlSQzYtWkxTaHZOdFR4S21jbkp0SDhQYk1wc1JlWjFYYWdM"
    b"aEk5aHcwIiwia3R5IjoiRUMifX0..1UzxQTJ_QAwxpIw2.Bm29BHeHOA.vikiSJZ3AkOG49oZu4PL-A",
    b"eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSIsImtpZCI6ImFiYy1leGFtcGxlIiwiaWF0IjoxNzk1MDAw"
    b"MDAwLCJlcGsiOnsiY3J2IjoiUC0yNTYiLCJ4IjoiUElBQmZDTEJaSWVfOEk2aEtiVWg2eHUtXzhfYlpjal9xeU1O"
    b"RlpNczNWOCIsInkiOiJiVElyMXJBV2JLWlNXNUc4QWRiR0FwaDZWU0g3TGVKNl9xbEpUY0RGSzY4Iiwia3R5Ijoi"
    b"RUMifX0..7Uia41TIC_4ZySPn.JtjPTZPfsg.nFFUqsJa00pB2l5_bQ5YqA",
    b"eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJhYmMtZXhhbXBsZSIsImlhdCI6"
    b"MTc5NTAwMDAwMCwiZmllbGQiOiJub3RlIiwiZXBrIjp7ImNydiI6IlAtMjU2IiwieCI6Im9GNEdBWDlkRFBzYkFY"
    b"aVRFZ2FzcVhDUGlfLTNKVmowbFV2Mktlc0FIMmsiLCJ5IjoiRlhIcDh0UHNCUHllVDhhZFpUVXF1bWpnZ0k4ajBQ"
    b"R01OX2UtRjNWRDFrWSIsImt0eSI6IkVDIn19.GNscFBoTMuIkhCbkpW3C7tlDDCDYpRI4btTpVb0IjPWlAP0swcH"
    b"2sQ.SrLg-yIOS-OVINUM.TBFO0N3kCg.9rGPFwgSDZE7fJ6mHkr0Mg",
    b"eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJhYmMtZXhhbXBsZSIsImlhdCI6"
    b"MTc5NTAwMDAwMCwiZXBrIjp7ImNydiI6IlAtMjU2IiwieCI6IlhHRklkUlN2QUx0VFc5bnp0LXJ3TzUxRk5fbldZ"
    b"T2JzRXNGNEZBZHdzZTgiLCJ5IjoiSjVDaGFDUU85dkVRenpUaVNEcEtsdjBsN0ludFZ4Y3ByNVoxbnVuOWk0byIs"
    b"Imt0eSI6IkVDIn19.sUJDb4xI9cvexZHLNFEsNlE5bMvh_fvpox7pz3o3_aME3XUPLnLw5g.wuphf2ppklkwGJw8"
    b".Wdb0vmYw7Q.rmj7lsZDB5PU6bjGJG1Mlw",
)
"""Of a field and of a whole message, by each agreement."""
