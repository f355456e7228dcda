"""Q.787: TCAP against its far end."""

from simulator.conformance.loading import Kind
from simulator.conformance.suites import Shipped
from simulator.conformance.tcap.mutants import TCAP_VERBS
from simulator.conformance.tcap.octets import TCAP
from simulator.conformance.tcap.performing import TcapPerformer, check_step

SHIPPED = Shipped(Kind(TCAP, TCAP_VERBS, check_step), TcapPerformer)
