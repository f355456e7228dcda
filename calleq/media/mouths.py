"""What simulated telephones utter, made once by a process of its own and kept in a file.

It is seconds of work in all, which beside the ticks of the voice process would be gaps in calls.
`python -m calleq.media.mouths FILE` makes the file; `load` takes it into use. A file that cannot be
read is made anew; where it cannot be made each utterance is made when it is first needed.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import numpy as np

from calleq.media import babble, sounds

NICENESS = 10


def file_in(directory: Path) -> Path:
    """The file of these very sounds: another program that makes others has another file."""
    sources = (Path(str(module.__file__)).read_bytes() for module in (babble, sounds))
    return directory / f"mouths-{crc32(b''.join(sources)):08x}.npy"


def make(path: Path) -> None:
    """Make every utterance of every voice, and the file, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sounds.make_mouths()
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        made = sounds.made_mouths()
        np.save(file, np.array([samples.size for samples in made]))
        np.save(file, np.concatenate(made))
    partial.replace(path)


def load(path: Path) -> bool:
    """Take a file into use; whether it could be."""
    try:
        with path.open("rb") as file:
            sizes, samples = np.load(file), np.load(file)
        sounds.keep_mouths(np.split(samples, np.cumsum(sizes)[:-1]))
    except (OSError, ValueError, EOFError):
        return False
    return True


async def have(directory: Path) -> None:
    """Take the file into use, made by a child that is nicer than this process where need be."""
    path = file_in(directory)
    if await asyncio.to_thread(load, path):
        return
    with contextlib.suppress(OSError):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "calleq.media.mouths", str(path)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # ours belongs to whoever started us, and waits for its end
        )
        try:
            await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
    await asyncio.to_thread(load, path)


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    make(Path(sys.argv[1]))
