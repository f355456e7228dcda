"""Print one of README's two commands exactly as a newcomer must type it: `run` or `tests`."""

import pathlib
import re
import sys

HEADINGS = {"run": "Make a call", "tests": "Pass the tests"}


def readme_command(which: str) -> str:
    """The one line of the code block under the heading; SystemExit when README has none."""
    readme = pathlib.Path(__file__).parent.parent / "README.md"
    heading = HEADINGS[which]
    found = re.search(
        rf"^#+ {heading}\n(?:(?!^#).*\n)*?```sh\n(.+)\n```$",
        readme.read_text("utf-8"),
        re.MULTILINE,
    )
    if not found:
        sys.exit(f"README.md has no one-line code block under the heading {heading!r}")
    return found.group(1)


if __name__ == "__main__":
    sys.stdout.write(readme_command(sys.argv[1]) + "\n")
