"""What reads input of users: the files that it takes, and how it is called."""

import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.assets.shipped_expressions import expression_files
from liveportrait_core.assets.shipped_words import controls_from_text
from liveportrait_core.assets.timeline_words import read_timeline
from liveportrait_core.checkpoints.loading import read_model
from liveportrait_core.checkpoints.reading import read_file
from liveportrait_core.checkpoints.saving import save_checkpoint
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.media.blendshape_file import load_blendshapes, save_blendshapes
from liveportrait_core.media.blendshape_map_file import load_blendshape_map, save_blendshape_map
from liveportrait_core.media.expression_file import load_expression
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.motion_file import load_motion, save_motion
from liveportrait_core.media.timeline_file import load_timeline
from liveportrait_core.media.video import VideoReader, VideoWriter
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.import_options import ImportOptions
from liveportrait_core.motion.timeline_motion import motion_of_timeline
from liveportrait_core.networks.build import build
from liveportrait_core.speech.joyvasa_file import load_speaker
from liveportrait_core.speech.model import save_speech_model
from liveportrait_core.speech.sound import read_speech
from tests.liveportrait_core.media.clips import make_sound
from tests.liveportrait_core.media.foreign import (
    columns_of,
    expression_file,
    npy,
    npz,
    program_rows,
    torch_file,
)
from tests.liveportrait_core.media.test_blendshape_file import random_shapes
from tests.liveportrait_core.media.test_motion_pickle import LAYOUTS
from tests.support.motions import random_motion
from tests.support.speaking import save_sound, small_speech_model, tone
from tests.support.tiny import TINY_COMPACT
from tests.support.videos import frame
from train.engine import checkpoint

TIMELINE = """\
length 90
fps 30000/1001
loop
0.8 smile 0.7 ease; yaw 10 degrees  # a key
1:00.2 blink, wink left
900ms gaze_x -0.6 bezier .3 0 .7 1; slight smile
1.5 surprised
1.7 \u770b\u5de6\u8fb9
2 play 1 from 0.5 to 3 speed 2 blend .2 region lip then bounce
3 rest
1 = 5:10
"""
WORDS = "slight smile, look left and up. raise the right brow; turn left 10 degrees, 30 % kiss"


@dataclass(frozen=True)
class Target:
    """A reader of files: their contents by name, and the call, which gets a path."""

    seeds: Callable[[Path], Mapping[str, bytes]]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...] = (LivePortraitError,)


def _written(folder: Path, name: str, write: Callable[[Path], object]) -> bytes:
    write(folder / name)
    return (folder / name).read_bytes()


def _motions(folder: Path) -> Mapping[str, bytes]:
    motion = random_motion(0, 3)
    whole = motion.describe(fps=Fraction(30), reference=random_motion(1))
    rows = program_rows(motion, "ditto")
    return {
        "ours.safetensors": _written(
            folder, "m.safetensors", lambda path: save_motion(whole, path)
        ),
        **{f"{number}.pkl": pickle.dumps(one, 4) for number, one in enumerate(LAYOUTS.values())},
        "protocol0.pkl": pickle.dumps(LAYOUTS["LivePortrait template"], 0),
        "rows.npy": npy(rows),
        "columns.npz": npz(**columns_of(motion)),
        "rows.pt": torch_file(torch.from_numpy(rows)),
        "expression.exp": expression_file({"e": np.zeros((21, 3)), "r": [0, 1, 2], "s": 0.1}),
    }


def _motion(path: Path) -> None:
    options = ImportOptions(layout="ditto") if path.name.startswith("rows") else None
    motion = load_motion(path, options)
    assert len(motion) > 0
    assert motion.fps > 0


def _captures(folder: Path) -> Mapping[str, bytes]:
    shapes = random_shapes(3)
    rows = [dict.fromkeys(ARKIT_SHAPES, 0.25)] * 2
    return {
        "take.csv": _written(folder, "take.csv", lambda path: save_blendshapes(shapes, path)),
        "few.csv": b"Timecode,BlendShapeCount,JawOpen\n00:00:00:01.5,1,.5\n00:00:00:02.5,1,.75\n",
        "rows.json": json.dumps(rows).encode(),
        "frames.json": json.dumps({"frames": [{"blendshapes": rows[0]}] * 3}).encode(),
        "take.txt": b"eyeBlink_L-7|jawOpen-30|=head#1,2,3,0,0,0|\n" * 3,
    }


def _capture(path: Path) -> None:
    assert len(load_blendshapes(path)) > 0


def _maps(folder: Path) -> Mapping[str, bytes]:
    shipped = shipped_blendshape_map("lps-compact-21")
    write = lambda path: save_blendshape_map(shipped, path)  # noqa: E731
    return {"map.safetensors": _written(folder, "map.safetensors", write)}


def _expressions(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in expression_files().values()}


def _timeline(path: Path) -> None:
    timeline = load_timeline(path)
    if not timeline.segments and (timeline.length_s or timeline.last_key_s) < 60:
        motion_of_timeline(timeline, shipped_blendshape_map("lps-compact-21"))


def _words(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    controls_from_text(text)


def _node_timeline(path: Path) -> None:
    read_timeline(path.read_bytes().decode("utf-8", "replace"))


def _checkpoints(folder: Path) -> Mapping[str, bytes]:
    write = lambda path: save_checkpoint(path, TINY_COMPACT, build(TINY_COMPACT))  # noqa: E731
    return {"model.safetensors": _written(folder, "model.safetensors", write)}


def _states(folder: Path) -> Mapping[str, bytes]:
    whole = {name: kind() for name, kind in checkpoint.PARTS.items()}
    checkpoint.save(folder, whole)
    return {checkpoint.NAME: (folder / checkpoint.NAME).read_bytes(), "w.pth": torch_file(whole)}


def _state(path: Path) -> None:
    if path.name == checkpoint.NAME:
        checkpoint.load(path.parent)
    else:
        read_file(path)


def _speakers(folder: Path) -> Mapping[str, bytes]:
    model = small_speech_model(features=6)
    write = lambda path: save_speech_model(model, path, metadata={})  # noqa: E731
    return {"speech.safetensors": _written(folder, "speech.safetensors", write)}


def _images(folder: Path) -> Mapping[str, bytes]:
    picture = frame((60, 50, 40))[:48, :64]
    kinds = ("png", "jpg", "webp", "bmp", "tiff", "gif", "avif")
    return {
        f"picture.{kind}": _written(folder, f"p.{kind}", lambda path: _picture(path, picture))
        for kind in kinds
    }


def _picture(path: Path, picture: np.ndarray) -> None:
    from PIL import Image  # noqa: PLC0415

    if path.suffix in (".gif", ".bmp", ".tiff", ".avif"):
        Image.fromarray(picture).save(path)
    else:
        write_image(path, picture)


def _videos(folder: Path) -> Mapping[str, bytes]:
    frames = [frame((20 + 5 * k, 20, 30))[:64, :64] for k in range(5)]

    def write(path: Path) -> None:
        with VideoWriter(path, Fraction(25)) as writer:
            for picture in frames:
                writer.write(picture)

    return {f"clip.{kind}": _written(folder, f"c.{kind}", write) for kind in ("mp4", "webm", "gif")}


def _video(path: Path) -> None:
    for picture in islice(VideoReader(path), 8):
        assert picture.ndim == 3


def _sounds(folder: Path) -> Mapping[str, bytes]:
    return {
        "sound.wav": _written(folder, "sound.wav", lambda path: save_sound(path, tone(0.1))),
        **{
            f"sound.{kind}": _written(folder, f"sound.{kind}", partial(_tone, codec=codec))
            for kind, codec in (("m4a", "aac"), ("mp3", "libmp3lame"), ("ogg", "libopus"))
        },
    }


def _tone(path: Path, codec: str) -> None:
    make_sound(path, codec, seconds=0.2, rate=48000)


def _text(**texts: str) -> Callable[[Path], Mapping[str, bytes]]:
    return lambda _: {f"{name}.txt": text.encode("utf-8") for name, text in texts.items()}


TARGETS: Mapping[str, Target] = {
    "motions": Target(_motions, _motion),
    "captures": Target(_captures, _capture),
    "blendshape maps": Target(_maps, load_blendshape_map),
    "expressions": Target(_expressions, load_expression),
    "timelines": Target(_text(timeline=TIMELINE), _timeline),
    "timelines of nodes": Target(
        _text(timeline=TIMELINE), _node_timeline, (LivePortraitError, ValueError)
    ),
    "words": Target(_text(words=WORDS), _words, (LivePortraitError, ValueError)),
    "models": Target(_checkpoints, read_model),
    "states": Target(_states, _state),
    "speech models": Target(_speakers, load_speaker),
    "pictures": Target(_images, read_image),
    "videos": Target(_videos, _video),
    "sounds": Target(_sounds, read_speech),
}
