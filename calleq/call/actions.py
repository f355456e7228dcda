"""The actions that the table of the customer-first machine names, by their names."""

from collections.abc import Callable, Mapping

from calleq.call.conduct import Conduct
from calleq.call.happening import Happening

ACTIONS: Mapping[str, Callable[[Conduct, Happening], None]] = {
    action.__name__: action
    for action in (
        Conduct.proceed,
        Conduct.await_capacity,
        Conduct.find_nobody_free,
        Conduct.reserve,
        Conduct.dial_customer,
        Conduct.dial_agent,
        Conduct.announce_and_hunt,
        Conduct.announce_and_judge,
        Conduct.ask,
        Conduct.say_goodbye,
        Conduct.opt_out,
        Conduct.dismiss_customer,
        Conduct.hunt,
        Conduct.hunt_after_loss,
        Conduct.drop_agent,
        Conduct.whisper,
        Conduct.whisper_and_dial_customer,
        Conduct.admit_customer,
        Conduct.join_if_ready,
        Conduct.join,
        Conduct.bridge,
        Conduct.apologise,
        Conduct.miss_customer,
        Conduct.time_out_customer,
        Conduct.dismiss_machine,
        Conduct.abandon,
        Conduct.complete,
        Conduct.complete_at_limit,
        Conduct.stop_hunting,
        Conduct.give_up,
        Conduct.cancel,
        Conduct.fail,
        Conduct.expire,
        Conduct.lose,
        Conduct.conclude,
        Conduct.end,
    )
}
