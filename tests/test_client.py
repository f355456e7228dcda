"""The client library against the real server surface."""

import httpx
import pytest

from calleq.client import CalleqClient, ClientError
from tests.door import LOOPBACK, OUTSIDE, Door, InProcess

URL = "http://server-72.example"


@pytest.fixture
def door() -> Door:
    return Door()


def client(door: Door, password: str = "abc-demo", peer: str = LOOPBACK) -> CalleqClient:
    return CalleqClient(URL, "abc", password, transport=InProcess(door.surface.app, peer))


def test_a_call_is_placed_and_followed(door: Door):
    with client(door) as abc:
        placed = abc.place_call("+12125550100", "+12125550143")
        door.happens(placed.call, "dialled", "customer", 1, number="+12125550100")
        door.ends(placed.call, "customer_busy", 17)
        events = [event.event for event in abc.events(placed.call)]
        view = abc.call(placed.call)
    assert events == ["accepted", "dialled", "ended"]
    assert (view.state, view.cause, view.legs[0].number) == ("customer_busy", 17, "+12125550100")


def test_every_field_of_the_message_can_be_given(door: Door):
    with client(door) as abc:
        abc.place_call(
            "+12125550100",
            "+12125550143",
            customer_id="c-1",
            desired_time="",
            dial_first="agent",
            hunt=False,
            extension={"x": 1},
            equipment_address="server-72.calleq.example",
        )
    [set_up] = door.set_ups()
    assert (set_up.dial_first, set_up.hunt) == ("agent", False)


def test_a_refusal_is_told_in_the_servers_words(door: Door):
    with pytest.raises(ClientError, match="business or password not accepted") as refused:
        client(door, "guess").place_call("+12125550100")
    assert (refused.value.status, refused.value.code) == (401, "not_accepted")
    with pytest.raises(ClientError, match=r"/customer_number .*emergency"):
        client(door).place_call("911")
    with pytest.raises(ClientError, match="no such call"):
        client(door).call("0" * 26)
    with pytest.raises(ClientError, match="not accepted"):
        list(client(door, peer=OUTSIDE).events("0" * 26))


class LossyWire(httpx.BaseTransport):
    """Loses the first `losses` answers on their way back."""

    def __init__(self, inner: httpx.BaseTransport, losses: int) -> None:
        self._inner = inner
        self._losses = losses

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if self._losses:
            self._losses -= 1
            raise httpx.ReadError("the connection was reset")
        return answer


def test_a_lost_answer_makes_no_second_call(door: Door):
    wire = LossyWire(InProcess(door.surface.app, LOOPBACK), losses=2)
    placed = CalleqClient(URL, "abc", "abc-demo", wire).place_call("+12125550100")
    assert [set_up.call for set_up in door.set_ups()] == [placed.call]


def test_it_gives_up_after_three(door: Door):
    wire = LossyWire(InProcess(door.surface.app, LOOPBACK), losses=3)
    with pytest.raises(ClientError, match=r"does not answer.*reset"):
        CalleqClient(URL, "abc", "abc-demo", wire).place_call("+12125550100")
    assert len(door.set_ups()) == 1


def test_a_server_that_is_not_there():
    with pytest.raises(ClientError, match="does not answer") as refused:
        CalleqClient("http://127.0.0.1:1", "abc", "abc-demo").place_call("+12125550100")
    assert refused.value.code == "unreachable"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8072", "ftp://127.0.0.1", "http://"])
def test_what_is_no_url(url: str):
    with pytest.raises(ClientError, match="URL"):
        CalleqClient(url, "abc", "abc-demo")


def test_a_server_that_is_another():
    other = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    with pytest.raises(ClientError, match="no answer of calleq"):
        CalleqClient(URL, "abc", "abc-demo", other).call("0" * 26)
