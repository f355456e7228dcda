"""Whether calling equipment keeps its contract: any driver, real telephones, no mocks."""
