"""The command line of `train.speech`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from liveportrait_core.config.arguments import from_arguments, option_parser

from .dataset import write_speech
from .options import SpeechConfig

DESCRIPTION = (
    "Make synthetic speech with the curves of a face that says it, to train audio2motion on. "
    "Run the same command again to resume."
)


def run(arguments: Sequence[str], command: str) -> str:
    """Make the speech that arguments ask for; what came of it, in words."""
    parser = option_parser(SpeechConfig, prog=command, description=DESCRIPTION, group="set")
    chosen = parser.parse_args(arguments)
    try:
        config = from_arguments(SpeechConfig, chosen)
    except ValueError as error:
        parser.error(str(error))
    start_s = time.monotonic()

    def show(done: int, total: int) -> None:
        elapsed_s = time.monotonic() - start_s
        print(f"{done} of {total} clips, {elapsed_s:.0f} s", file=sys.stderr, flush=True)

    made, total = write_speech(config, progress=show)
    return f"{config.folder}: {made} clips made, {total - made} kept"
