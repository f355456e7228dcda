"""Every state machine of the house with its live table, for the documents and for whoever asks.

A table is {(state, input): (action, next state)} in words; pairs that are ignored may be left out.
"""

from collections.abc import Mapping

from calleq import ssp
from calleq.browser.call_table import TABLE as BROWSER_TABLE
from calleq.call import customer_first
from calleq.calling_logic.control_table import CONTROL_TABLE
from calleq.calling_logic.leg import LEG_TABLE
from calleq.calling_logic.recording_table import RECORDING_TABLE
from calleq.calling_logic.voip_way import VOIP_TABLE
from calleq.gateway.table import TABLE as GATEWAY_TABLE
from calleq.gateway.table import GAction
from calleq.scp import freephone, party
from calleq.sip.call_table import machine_tables as sip_call_tables
from calleq.sip.transaction_tables import machine_tables as sip_tables
from calleq.ss7.machines import machine_tables as ss7_tables
from calleq.telephones.table import TABLE as TELEPHONE_TABLE

Table = Mapping[tuple[str, str], tuple[str, str]]

CALL_NAMES = {
    "customer_first": "Customer-first call",
    "leg": "Customer-first call: one leg",
    "playback": "Customer-first call: what the customer hears",
}


def all_machines() -> dict[str, Table]:
    """Each machine's table by its name."""
    tables: dict[str, Table] = {
        CALL_NAMES[name]: {
            (_word(state), _word(given)): (_word(action), _word(following))
            for state, given, action, following in rows
        }
        for name, rows in customer_first.machine_tables().items()
    }
    tables["Intelligent peripheral: one leg on a circuit"] = {
        (_word(state), _word(given)): (_word(action), _word(following))
        for (state, given), (action, following) in LEG_TABLE.items()
    }
    tables["Intelligent peripheral: one call by voice over IP"] = {
        (_word(state), _word(given)): (_word(action), _word(following))
        for (state, given), (action, following) in VOIP_TABLE.items()
    }
    tables["Control: what is ordered of a call"] = {
        (_word(state), _word(given)): (_word(action), _word(following))
        for (state, given), (action, following) in CONTROL_TABLE.items()
    }
    tables["Control: the recording of a call"] = {
        (_word(state), _word(given)): (_word(action), _word(following))
        for (state, given), (action, following) in RECORDING_TABLE.items()
    }
    tables.update(ssp.machine_tables())
    tables["SCP: one call to an 800 number"] = {
        (str(state), str(given)): (_word(action), str(following))
        for (state, given), (action, following) in freephone.TABLE.items()
    }
    tables["SCP: one party of its own call"] = {
        (str(state), str(given)): (_word(action), str(following))
        for (state, given), (action, following) in party.TABLE.items()
    }
    tables.update(ss7_tables())
    tables.update(sip_tables())
    tables.update(sip_call_tables())
    tables["Gateway: one call between a line and SIP"] = {
        (_word(state), _word(given)): (_word(action), _word(following))
        for (state, given), (action, following) in GATEWAY_TABLE.items()
        if action is not GAction.IGNORE
    }
    tables["Browser: one call at a page"] = {
        (_word(state), _word(given)): (", ".join(map(_word, actions)), _word(following))
        for (state, given), (actions, following) in BROWSER_TABLE.items()
        if actions
    }
    tables["Telephone"] = {
        (_word(state), _word(given)): (_word(action), _word(following))
        for (state, given), (action, following) in TELEPHONE_TABLE.items()
    }
    return tables


def _word(value: object) -> str:
    """An enum's name, or a word as it is, readable and without characters that Mermaid minds."""
    text = getattr(value, "name", value)
    return str(text).lower().replace("_", " ")
