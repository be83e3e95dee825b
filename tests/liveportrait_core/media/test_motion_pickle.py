import os
import pickle
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.constants import ANIMAL_SPACE, COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.media.motion_file import load_motion, save_motion
from liveportrait_core.media.motion_pickle import save_template
from liveportrait_core.motion.reference import own_reference, reference_of_frames
from liveportrait_core.motion.rotation import rotation_from_degrees
from liveportrait_core.motion.transfer import relative_motion
from tests.support.motions import random_motion

from .test_motion_file import make_motion

ANGLES = ("pitch", "yaw", "roll")
OPENNESS = ("c_eyes_lst", "c_lip_lst")


def make_template(num_frames: int = 4, seed: int = 0) -> dict[str, object]:
    """A template with every key of every layout; tests take away what theirs lacks."""
    rng = np.random.default_rng(seed)

    def noise(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    frames = []
    for _ in range(num_frames):
        degrees = torch.from_numpy(10 * noise(3, 1))
        frames.append(
            {
                "scale": 1.5 + 0.1 * noise(1, 1),
                "R": rotation_from_degrees(*degrees).numpy(),
                "exp": 0.05 * noise(1, 21, 3),
                "t": 0.1 * noise(1, 3),
                "kp": noise(1, 21, 3),
                "x_s": noise(1, 21, 3),
                **{angle: degrees[axis : axis + 1].numpy() for axis, angle in enumerate(ANGLES)},
            }
        )
    return {
        "n_frames": num_frames,
        "output_fps": 30,
        "motion": frames,
        "c_eyes_lst": [np.abs(noise(1, 2)) for _ in range(num_frames)],
        "c_lip_lst": [np.abs(noise(1, 1)) for _ in range(num_frames)],
    }


def without(template, *keys, rename=None):
    """The template without some keys, of its own or of its frames, and others renamed."""
    rename = rename or {}

    def change(entries):
        return {rename.get(key, key): value for key, value in entries.items() if key not in keys}

    return change(template) | {"motion": [change(frame) for frame in template["motion"]]}


FULL = make_template()
LAYOUTS = {
    "LivePortrait template": without(FULL, *ANGLES),
    "LivePortrait template, oldest layout": without(
        FULL,
        *ANGLES,
        "kp",
        "x_s",
        "output_fps",
        rename={"R": "R_d", "c_eyes_lst": "c_d_eyes_lst", "c_lip_lst": "c_d_lip_lst"},
    ),
    "LivePortrait animal template": without(FULL, *ANGLES, *OPENNESS, "kp", "x_s"),
    "FasterLivePortrait template": without(FULL, "x_s"),
    "JoyVASA template": without(FULL, *OPENNESS, "kp", "x_s") | {"c_eyes_lst": [], "c_lip_lst": []},
}


@pytest.mark.parametrize("producer", LAYOUTS)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_layout_is_read(tmp_path, producer, protocol):
    template = LAYOUTS[producer]
    path = tmp_path / "template.pkl"
    path.write_bytes(pickle.dumps(template, protocol))
    motion = load_motion(path)
    assert motion.producer == producer
    assert len(motion) == 4
    assert motion.fps == (25 if "output_fps" not in template else 30)
    assert motion.space == (ANIMAL_SPACE if "animal" in producer else HUMAN_SPACE)
    frames = FULL["motion"]
    for name, key in {
        "expression": "exp",
        "scale": "scale",
        "translation": "t",
        "rotation": "R",
    }.items():
        wanted = np.concatenate([frame[key] for frame in frames])
        np.testing.assert_array_equal(getattr(motion, name).numpy(), wanted)
    degrees = np.concatenate(
        [np.concatenate([frame[angle] for angle in ANGLES], axis=1) for frame in frames]
    )
    np.testing.assert_allclose(motion.pose_deg.numpy(), degrees, atol=1e-4)
    assert (motion.canonical is None) == ("kp" not in template["motion"][0])
    has_openness = bool(template.get("c_eyes_lst") or template.get("c_d_eyes_lst"))
    assert (motion.eyes_open is not None) == has_openness == (motion.lip_open is not None)
    if has_openness:
        np.testing.assert_array_equal(motion.eyes_open.numpy(), np.concatenate(FULL["c_eyes_lst"]))


def test_angles_stand_in_for_a_rotation(tmp_path):
    path = tmp_path / "template.pkl"
    path.write_bytes(pickle.dumps(without(FULL, "R")))
    wanted = np.concatenate([frame["R"] for frame in FULL["motion"]])
    np.testing.assert_allclose(load_motion(path).rotation.numpy(), wanted, atol=1e-6)


def test_the_space_can_be_overridden_and_rates_are_exact(tmp_path):
    path = tmp_path / "template.pkl"
    path.write_bytes(pickle.dumps(FULL | {"output_fps": 29.97}))
    assert load_motion(path, space=ANIMAL_SPACE).space == ANIMAL_SPACE
    assert load_motion(path).fps == Fraction(2997, 100)


@pytest.mark.parametrize(
    "change",
    [
        lambda array: array.astype(np.float64),
        lambda array: array.astype(np.float16).astype(np.float32).astype(">f4"),
        np.asfortranarray,
        lambda array: array.tolist(),
        lambda array: array[0],
    ],
)
def test_arrays_of_other_types_orders_and_ranks_are_read(tmp_path, change):
    frames = [{key: change(value) for key, value in frame.items()} for frame in FULL["motion"]]
    template = OrderedDict(FULL | {"motion": frames, "n_frames": np.int64(4)})
    path = tmp_path / "template.pkl"
    path.write_bytes(pickle.dumps(template))
    wanted = np.concatenate([frame["exp"] for frame in FULL["motion"]])
    np.testing.assert_allclose(load_motion(path).expression.numpy(), wanted, atol=1e-3)


class Malicious:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (os.system, "touch {}"),
        (eval, "open({!r}, 'w')"),
        (getattr, "{}"),
        (np.load, "{}"),
        (np.memmap, "{}"),
    ],
)
def test_a_pickle_that_would_run_something_is_refused_and_not_run(tmp_path, function, argument):
    ran = tmp_path / "ran"
    path = tmp_path / "template.pkl"
    extra = Malicious(function, argument.format(str(ran)))
    path.write_bytes(pickle.dumps(FULL | {"extra": extra}))
    with pytest.raises(MediaError, match=rf"asks for \w+\.{function.__name__}, .* is refused"):
        load_motion(path)
    assert not ran.exists()


def test_object_arrays_and_stand_ins_cannot_be_abused(tmp_path):
    objects = np.array([1, "two"], dtype=object)
    path = tmp_path / "template.pkl"
    frames = [frame | {"exp": objects} for frame in FULL["motion"]]
    path.write_bytes(pickle.dumps(FULL | {"motion": frames}))
    with pytest.raises(MediaError, match="damaged"):
        load_motion(path)
    # BUILD on the function found for a name: it must not be changed for later pickles.
    path.write_bytes(b"cnumpy.core.multiarray\nscalar\n(N}Vx\nI1\nst" + b"b.")
    with pytest.raises(MediaError, match=r"no pickle"):
        load_motion(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"words and no pickle\n" * 9, "no pickle"),
        (pickle.dumps(FULL)[:-200], "no pickle"),
        (pickle.dumps([1, 2]), "no driving template"),
        (pickle.dumps({"a": 1}), "no driving template"),
        (pickle.dumps(FULL | {"n_frames": 7}), "names 7 frames and holds 4"),
        (pickle.dumps({"motion": []}), "at least one"),
        (pickle.dumps({"motion": [1]}), "no dict"),
        (pickle.dumps(without(FULL, "exp")), "lacks 'exp'"),
        (pickle.dumps(without(FULL, "R", "yaw")), "lacks 'yaw'"),
        (pickle.dumps(FULL | {"output_fps": 0}), "frame rate"),
        (pickle.dumps(FULL | {"c_lip_lst": FULL["c_lip_lst"][:2]}), "2 eye or lip openings for 4"),
    ],
)
def test_what_is_no_template_is_refused_in_a_sentence(tmp_path, data, words):
    path = tmp_path / "template.pkl"
    path.write_bytes(data)
    with pytest.raises(MediaError, match=words):
        load_motion(path)


def test_a_motion_goes_through_a_template_and_back(tmp_path):
    motion = make_motion().describe(space=HUMAN_SPACE, fps=Fraction(30), reference_frame=0)
    motion = motion.describe(validity=None, absolute=frozenset())
    assert save_template(motion, tmp_path / "template.pkl") == []
    read = load_motion(tmp_path / "template.pkl")
    for name in ("expression", "scale", "translation", "rotation", "canonical", "eyes_open"):
        torch.testing.assert_close(getattr(read, name), getattr(motion, name), rtol=0, atol=0)
    torch.testing.assert_close(read.pose_deg, motion.pose_deg, rtol=0, atol=1e-4)
    assert (read.fps, read.space) == (motion.fps, motion.space)


def test_the_written_template_has_what_the_published_loader_needs(tmp_path):
    motion = make_motion().describe(space=HUMAN_SPACE)
    save_motion(motion, tmp_path / "template.pkl")
    template = pickle.loads((tmp_path / "template.pkl").read_bytes())  # noqa: S301 - ours
    assert (template["n_frames"], template["output_fps"]) == (5, 30)
    assert isinstance(template["output_fps"], int)
    shapes = {key: value.shape for key, value in template["motion"][0].items()}
    assert shapes == {
        "scale": (1, 1),
        "R": (1, 3, 3),
        "exp": (1, 21, 3),
        "t": (1, 3),
        "kp": (1, 21, 3),
        "x_s": (1, 21, 3),
    }
    assert {value.dtype for value in template["motion"][0].values()} == {np.dtype("float32")}
    assert [value.shape for value in template["c_eyes_lst"]] == [(1, 2)] * 5
    assert [value.shape for value in template["c_lip_lst"]] == [(1, 1)] * 5
    frame = template["motion"][2]
    moved = frame["scale"] * (frame["kp"] @ frame["R"] + frame["exp"])  # Eq. 2, with t_z = 0
    np.testing.assert_allclose(frame["x_s"], moved + frame["t"] * [1, 1, 0], atol=1e-5)


def test_what_a_template_cannot_keep_is_told(tmp_path):
    motion = make_motion().describe(
        space=HUMAN_SPACE, eyes_open=None, canonical=None, absent=frozenset({"pose"})
    )
    losses = save_template(motion, tmp_path / "template.pkl")
    assert losses == [
        "The frame rate 30000/1001 became 30.",
        "Frame 0 became the neutral frame, which programs measure the others from.",
        "Which frames were missing or interpolated is not kept.",
        "Absent channels became constant: pose.",
        "Channels meant as absolute became relative: lip.",
        "Unknown eye opening became 0.35 in each frame.",
    ]
    read = load_motion(tmp_path / "template.pkl")
    assert read.canonical is None  # zeros were written, and mean unknown
    assert float(read.eyes_open.mean()) == pytest.approx(0.35)


@pytest.mark.parametrize("neutral", ["a later frame", "apart", "one for each shot"])
def test_what_is_measured_from_the_first_frame_of_a_template_is_what_was_driven(tmp_path, neutral):
    motion = random_motion(1, 6)
    described = {
        "a later frame": {"reference_frame": 4},
        "apart": {"reference": random_motion(2)},
        "one for each shot": {
            "shot": torch.tensor((0, 0, 0, 1, 1, 1)),
            "reference": random_motion(3, 2),
        },
    }
    motion = motion.describe(**described[neutral])
    source = random_motion(4)
    rows = reference_of_frames(motion, own_reference(motion))
    wanted = relative_motion(source, motion, rows, match_openness=False)
    losses = save_template(motion, tmp_path / "template.pkl")
    assert "Frame 0 became the neutral frame, which programs measure the others from." in losses
    read = load_motion(tmp_path / "template.pkl")
    driven = relative_motion(source, read, read[:1], match_openness=False)
    for name in ("expression", "rotation", "scale", "translation"):
        there, true = getattr(driven, name), getattr(wanted, name)
        torch.testing.assert_close(there[1:], true[1:], rtol=0, atol=2e-6)
        torch.testing.assert_close(there[0], getattr(source, name)[0], rtol=0, atol=2e-6)


def test_an_animal_stays_an_animal(tmp_path):
    losses = save_template(make_motion(), tmp_path / "template.pkl")
    assert "animals have none" in losses[-1]
    assert load_motion(tmp_path / "template.pkl").space == ANIMAL_SPACE


def test_other_spaces_are_not_written_as_templates(tmp_path):
    with pytest.raises(MediaError, match=r"Save it as \.safetensors"):
        save_template(make_motion().describe(space=COMPACT_SPACE), tmp_path / "template.pkl")
    assert list(tmp_path.iterdir()) == []
