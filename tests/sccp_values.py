"""Values of SCCP as hypothesis draws them: whatever the codec can write."""

from hypothesis import strategies as st

from calleq.ss7.sccp import messages as m
from calleq.ss7.sccp.management_codec import Kind, Management
from calleq.ss7.sccp.values import (
    FullTitle,
    GlobalTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    TranslationTitle,
    UnknownTitle,
)

OCTETS = st.integers(0, 255)
NUMBERS = st.text("0123456789", max_size=24)
SIGNALS = st.text("0123456789abcdef", max_size=24)
PAIRS = SIGNALS.filter(lambda digits: len(digits) % 2 == 0)
PLANS = st.integers(0, 15)
NATURES = st.integers(0, 127)
OTHER_SCHEMES = st.sampled_from([0, *range(3, 16)])


def titles(digits: st.SearchStrategy[str] = SIGNALS) -> st.SearchStrategy[GlobalTitle]:
    even = digits.filter(lambda one: len(one) % 2 == 0)
    return st.one_of(
        st.builds(NatureTitle, digits, NATURES),
        st.builds(TranslationTitle, even, OCTETS),
        st.builds(PlanTitle, digits, OCTETS, PLANS),
        st.builds(PlanTitle, even, OCTETS, PLANS, OTHER_SCHEMES),
        st.builds(FullTitle, digits, OCTETS, PLANS, NATURES),
        st.builds(FullTitle, even, OCTETS, PLANS, NATURES, OTHER_SCHEMES),
    )


def addresses(title: st.SearchStrategy[GlobalTitle]) -> st.SearchStrategy[PartyAddress]:
    return st.builds(
        PartyAddress,
        st.none() | OCTETS,
        st.none() | st.integers(0, 0x3FFF),
        st.none() | title,
        st.booleans(),
        st.booleans(),
    )


UNKNOWN_TITLES = st.builds(UnknownTitle, st.integers(5, 15), st.binary(max_size=12))
ADDRESSES = addresses(titles() | UNKNOWN_TITLES)
DATA = st.binary(min_size=1, max_size=180)
LONG_DATA = st.binary(min_size=1, max_size=3_900)
SEGMENTATIONS = st.builds(
    m.Segmentation, st.booleans(), st.integers(0, 15), st.integers(0, (1 << 24) - 1), st.booleans()
)
OTHER = st.lists(
    st.tuples(OCTETS.filter(lambda code: code not in (0, 16, 18)), st.binary(max_size=4)),
    max_size=2,
).map(tuple)
IMPORTANCES = st.none() | st.integers(0, 7)
CLASSES = st.integers(0, 1)
HOPS = st.integers(0, 15)


def messages(
    address: st.SearchStrategy[PartyAddress] = ADDRESSES,
    other: st.SearchStrategy[m.Parameters] = OTHER,
) -> st.SearchStrategy[m.Message]:
    """A message of any kind."""
    tail = (st.none() | SEGMENTATIONS, IMPORTANCES, other)
    short, long = (address, address, DATA), (address, address, LONG_DATA)
    return st.one_of(
        st.builds(m.Udt, *short, CLASSES, st.booleans()),
        st.builds(m.Udts, *short, OCTETS),
        st.builds(m.Xudt, *short, CLASSES, st.booleans(), HOPS, *tail),
        st.builds(m.Xudts, *short, OCTETS, HOPS, *tail),
        st.builds(m.Ludt, *long, CLASSES, st.booleans(), HOPS, *tail),
        st.builds(m.Ludts, *long, OCTETS, HOPS, *tail),
    )


@st.composite
def _managements(draw: st.DrawFn) -> Management:
    kind = draw(st.sampled_from(Kind))
    level = draw(st.integers(0, 15)) if kind is Kind.SSC else 0
    return Management(
        kind, draw(OCTETS), draw(st.integers(0, 0x3FFF)), draw(st.integers(0, 3)), level
    )


MANAGEMENTS = _managements()
