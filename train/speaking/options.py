"""What speech to make: the options of `train.speech`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.config.spec import OptionError

from .voices import LANGUAGES, Synthesizer, VoiceSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """A set of synthetic speech and where it goes."""

    folder: Path = option(help="where index.json and the shards go", positional=True)
    clips: int = option(1000, "how many, of some 6 s each; of recorded ones all", minimum=1)
    languages: str = option(
        "en", f"what is spoken, separated by commas: {', '.join(LANGUAGES)}", metavar="TAGS"
    )
    voices: VoiceSet = option("training", "those to train on, or those kept to measure with")
    synthesizer: Synthesizer = option("both", "whose voices; flite speaks English alone")
    still: float = option(
        0.03,
        "fraction of the clips in which nobody speaks: silence, noise or music",
        minimum=0,
        maximum=1,
        metavar="FRACTION",
    )
    recorded: str = option(
        "",
        "folders of train.curate, separated by commas: their talking clips make the set, and no "
        "synthesizer",
        metavar="FOLDERS",
    )
    model: str = option(
        "default",
        "whose M reads the faces of recorded clips: default, human (published weights that you "
        "have), a file or a folder",
        metavar="NAME",
    )
    seed: int = option(0, "of all random choices", minimum=0)
    workers: int = option(1, "processes", minimum=1)
    shard_size: int = option(100, "clips in a file", minimum=1)

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        check_options(self)
        unknown = [tag for tag in self.tags if tag not in LANGUAGES]
        if unknown or not self.tags:
            raise OptionError(
                f"languages has {unknown[0] if unknown else 'nothing'!r}; some of "
                f"{', '.join(LANGUAGES)} are expected. Separate them by commas."
            )
        if self.synthesizer == "flite" and self.tags != ("en",):
            raise OptionError(
                f"languages is {self.languages!r} with synthesizer flite; en is expected, as flite "
                "speaks English alone. Give --languages en, or another synthesizer."
            )

    @property
    def tags(self) -> tuple[str, ...]:
        """The languages one by one."""
        return tuple(tag.strip() for tag in self.languages.split(",") if tag.strip())
