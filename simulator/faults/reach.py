"""Which mobile telephones were out of reach of their antenna, and when."""


class Reach:
    """What was done to mobile telephones, in the order of time."""

    def __init__(self) -> None:
        self._away: dict[str, list[tuple[int, int | None]]] = {}
        """By number: when it went out of reach, and when it came back."""

    def moved(self, number: str, at_us: int, *, covered: bool) -> None:
        """It came into reach, or went out of it; both may be told again."""
        away = self._away.setdefault(number, [])
        is_away = bool(away) and away[-1][1] is None
        if covered and is_away:
            away[-1] = (away[-1][0], at_us)
        elif not covered and not is_away:
            away.append((at_us, None))

    def was_away(self, number: str, from_us: int, until_us: int) -> bool:
        """Whether it was out of reach at some time of that."""
        return any(
            left_us <= until_us and (back_us is None or back_us >= from_us)
            for left_us, back_us in self._away.get(number, ())
        )

    def forget(self) -> None:
        """Drop what is over."""
        self._away = {
            number: away[-1:] for number, away in self._away.items() if away[-1][1] is None
        }
