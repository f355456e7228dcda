"""The two ways in which a command ends badly, each with one line for the person at the terminal."""


class CommandError(Exception):
    """The call or run did not succeed; exit status 1."""


class UsageError(Exception):
    """The command was used wrongly (an option, a file, a name); exit status 2."""
