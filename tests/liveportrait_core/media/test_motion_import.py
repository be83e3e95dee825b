"""Motions that other programs wrote."""

import io
import os
import pickle

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.constants import ANIMAL_SPACE, FACE_PARTS, HUMAN_SPACE
from liveportrait_core.errors import MediaError, subject_of
from liveportrait_core.media.motion_arrays import degrees_of_bins
from liveportrait_core.media.motion_file import load_motion, save_motion
from liveportrait_core.motion.edit import neutral_motion
from liveportrait_core.motion.import_options import ImportOptions
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.transfer import relative_motion
from tests.support.motions import random_motion

from .foreign import (
    ANGLES,
    ORDERS,
    binned,
    columns_of,
    expression_file,
    npy,
    npz,
    program_rows,
    torch_file,
)

MOTION = random_motion(1, 6)
NAMES = ("expression", "scale", "translation", "pose_deg")


def read(tmp_path, data, name="motion.bin", **options):
    (tmp_path / name).write_bytes(data)
    space = options.pop("space", None)
    return load_motion(tmp_path / name, ImportOptions(**options), space=space)


def same(motion, names=NAMES, atol=1e-5):
    for name in names:
        assert_close(getattr(motion, name), getattr(MOTION, name), atol=atol, rtol=0, msg=name)


def test_bins_mean_their_average_in_steps_of_three_degrees():
    # even logits: the mean bin is 32.5, and 32.5 * 3 - 97.5 = 0
    assert degrees_of_bins(np.zeros((1, 66))) == pytest.approx(0)
    one = np.full((1, 66), -1e4)
    one[0, 40] = 1e4  # 40 * 3 - 97.5
    assert degrees_of_bins(one) == pytest.approx(22.5)
    assert degrees_of_bins(one, -99) == pytest.approx(21)


@pytest.mark.parametrize("layout", ORDERS)
@pytest.mark.parametrize("form", [npy, lambda rows: npz(motion=rows[None]), torch_file])
def test_rows_of_each_program_are_read(tmp_path, layout, form):
    rows = program_rows(MOTION, layout)
    data = form(torch.from_numpy(rows) if form is torch_file else rows)
    motion = read(tmp_path, data, layout=layout)
    # a bell of bins is a little narrower at the ends of their range
    same(motion, atol=1e-3 if layout == "ditto" else 1e-5)
    assert (motion.fps, motion.space, len(motion)) == (25, HUMAN_SPACE, 6)
    producers = {"joyvasa": "JoyVASA", "moda": "MoDA", "ditto": "Ditto", "kdtalker": "KDTalker"}
    assert motion.producer == producers[layout]


def test_moda_may_have_bins(tmp_path):
    same(read(tmp_path, npy(program_rows(MOTION, "moda", bins=True)), layout="moda"), atol=1e-3)


def test_a_motion_carries_what_its_program_drives_a_face_with(tmp_path):
    ditto = read(tmp_path, npy(program_rows(MOTION, "ditto")), layout="ditto")
    assert (ditto.parts, ditto.absent) == ({"lip", "eyes"}, {"scale"})
    joyvasa = read(tmp_path, npy(program_rows(MOTION, "joyvasa")), layout="joyvasa")
    assert (joyvasa.parts, joyvasa.absolute) == (FACE_PARTS, {"lip"})
    source = random_motion(5)
    moved = relative_motion(source, joyvasa, joyvasa[:1])
    lips = [6, 12, 14, 17, 19, 20]
    assert_close(moved.expression[:, lips], MOTION.expression[:, lips])


def test_the_space_can_be_told(tmp_path):
    data = npy(program_rows(MOTION, "moda"))
    assert read(tmp_path, data, layout="moda", space=ANIMAL_SPACE).space == ANIMAL_SPACE


def joyvasa_template(columns):
    """As JoyVASA's preparation makes it: of each value mean, deviation, least and greatest."""
    template = {}
    for name, values in columns.items():
        told = {"mean": values.mean(0), "std": values.std(0) + 0.01}
        told |= {"min": values.min(0) - 0.1, "max": values.max(0) + 0.1}
        told["abs_max"] = np.abs(values).max(0)
        template |= {f"{kind}_{name}": array for kind, array in told.items()}
    return template | {"mean_lip": np.zeros(1), "mean_R": np.zeros(9)}


def test_joyvasa_is_denormalised_by_its_template(tmp_path):
    columns = columns_of(MOTION)
    template = joyvasa_template(columns)
    normal = {
        name: (values - template[f"min_{name}"])
        / (template[f"max_{name}"] - template[f"min_{name}"])
        for name, values in columns.items()
    }
    normal["exp"] = (columns["exp"] - template["mean_exp"]) / template["std_exp"]
    rows = np.concatenate([normal[name] for name in ORDERS["joyvasa"]], axis=1)
    (tmp_path / "motion_template.pkl").write_bytes(pickle.dumps(template))
    constants = tmp_path / "motion_template.pkl"
    same(read(tmp_path, npy(rows), layout="joyvasa", normalisation=constants), atol=1e-4)
    with pytest.raises(MediaError, match="seem to be normalised") as error:
        read(tmp_path, npy(rows), layout="joyvasa")
    assert subject_of(error.value) == "normalisation"


def test_kdtalker_is_denormalised_by_its_constants(tmp_path):
    columns = columns_of(MOTION)
    constants = {f"{name}_mean": values.mean(0) for name, values in columns.items()}
    constants |= {f"{name}_std": values.std(0) + 0.01 for name, values in columns.items()}
    rows = np.concatenate(
        [
            (columns[name] - constants[f"{name}_mean"]) / constants[f"{name}_std"]
            for name in ORDERS["kdtalker"]
        ],
        axis=1,
    )
    (tmp_path / "norm.npz").write_bytes(npz(**constants))
    norm = tmp_path / "norm.npz"
    same(read(tmp_path, npy(rows), layout="kdtalker", normalisation=norm), atol=1e-4)


@pytest.mark.parametrize("bins", [False, True])
def test_moda_is_denormalised_by_its_mean_and_deviation(tmp_path, bins):
    rows = program_rows(MOTION, "moda", bins=bins)
    mean, deviation = rows.mean(0), rows.std(0) + 0.01
    factor = deviation + 1e-5
    if bins:  # of 265 numbers only the expression is divided
        factor[63:] = 1
    constants = {"mean": torch.from_numpy(mean)[None], "std": torch.from_numpy(deviation)[None]}
    (tmp_path / "mean.pt").write_bytes(torch_file(constants))
    data = torch_file(torch.from_numpy((rows - mean) / factor))
    found = read(tmp_path, data, layout="moda", normalisation=tmp_path / "mean.pt")
    same(found, atol=2e-3 if bins else 1e-4)


@pytest.mark.parametrize("layout", ["joyvasa", "kdtalker", "ditto", "moda"])
def test_constants_of_another_program_are_refused(tmp_path, layout):
    constants = {"mean": np.zeros(265 if layout == "moda" else 70), "std": np.ones(70)}
    (tmp_path / "other.npz").write_bytes(npz(**constants))
    data = npy(program_rows(MOTION, layout))
    with pytest.raises(MediaError, match="does not fit the layout") as error:
        read(tmp_path, data, layout=layout, normalisation=tmp_path / "other.npz")
    assert subject_of(error.value) == "normalisation"


@pytest.mark.parametrize(
    ("shape", "layout", "words"),
    [
        ((6, 70), None, "holds 6 x 70 numbers, and no layout is given; one of joyvasa, moda, kdt"),
        ((6, 265), None, "one of moda, ditto is expected"),
        ((6, 70), "ditto", "the layout is 'ditto'; one of joyvasa, moda, kdtalker"),
        ((6, 52), "moda", "holds 6 x 52 numbers; rows of 70 or 265"),
        ((0, 70), "moda", "holds 0 x 70 numbers"),
        ((70,), "moda", "holds 70 numbers"),
    ],
)
def test_rows_that_nobody_names_are_refused(tmp_path, shape, layout, words):
    with pytest.raises(MediaError, match=words):
        read(tmp_path, npy(np.full(shape, 0.1)), layout=layout)


def test_numbers_that_are_none_are_refused(tmp_path):
    rows = program_rows(MOTION, "moda")
    rows[2, 5] = np.nan
    with pytest.raises(MediaError, match="damaged: it holds values that are not finite"):
        read(tmp_path, npy(rows), layout="moda")


def matlab_file(**arrays):
    stream = io.BytesIO()
    pytest.importorskip("scipy.io").savemat(stream, arrays)
    return stream.getvalue()


def test_a_file_of_kdtalker_is_read(tmp_path):
    columns = columns_of(MOTION) | {"kp": MOTION.canonical.numpy()}
    columns["exp"] = columns["exp"].reshape(-1, 21, 3)
    motion = read(tmp_path, matlab_file(**columns, aud_feat=np.zeros((6, 512))), "clip.mat")
    same(motion)
    assert_close(motion.canonical, MOTION.canonical)
    assert (motion.producer, motion.absent, motion.absolute) == ("KDTalker", set(), set())


def test_bins_of_kdtalker_begin_at_its_own_angle(tmp_path):
    columns = columns_of(MOTION)
    columns |= {angle: binned(columns[angle], -99.0) for angle in ANGLES}
    same(read(tmp_path, matlab_file(**columns), "clip.mat"), atol=1e-3)


def test_a_matlab_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(MediaError, match="lacks exp, pitch, roll, scale, t; the arrays"):
        read(tmp_path, matlab_file(yaw=np.zeros((3, 1))), "clip.mat")
    short = columns_of(MOTION) | {"t": np.zeros((5, 3))}
    with pytest.raises(MediaError, match=r"clip\.mat is damaged"):
        read(tmp_path, matlab_file(**short), "clip.mat")


def test_an_array_for_each_value_needs_no_layout(tmp_path):
    for data in (npz(**columns_of(MOTION)), torch_file(tensors(columns_of(MOTION)))):
        same(read(tmp_path, data))
    with pytest.raises(MediaError, match=r"layout is given, which only .* Leave it out") as error:
        read(tmp_path, npz(**columns_of(MOTION)), layout="moda")
    assert subject_of(error.value) == "layout"


def tensors(arrays):
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


FIELDS = {
    "e": torch.linspace(-0.02, 0.03, 63).reshape(1, 21, 3),
    "r": torch.tensor([3.0, -4.0, 5.0]),
    "s": 0.1,
    "t": 0,
}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("module", ["ComfyUI-AdvancedLivePortrait.nodes", "/a/folder.nodes"])
def test_an_expression_is_read_in_whatever_folder_it_was_made(tmp_path, protocol, module):
    motion = read(tmp_path, expression_file(FIELDS, module, protocol), "smile.exp")
    neutral = neutral_motion(HUMAN_SPACE)
    assert_close(motion.expression - neutral.expression, FIELDS["e"])
    assert_close(motion.pose_deg, FIELDS["r"][None])
    assert_close(motion.scale, torch.tensor([[1.1]]))
    source = random_motion(3)
    moved = relative_motion(source, motion, own_reference(motion))
    assert_close(moved.expression - source.expression, FIELDS["e"], atol=1e-6, rtol=0)
    assert (motion.space, motion.producer) == (HUMAN_SPACE, "AdvancedLivePortrait expression")


def test_tensors_of_other_types_strides_and_places_are_read(tmp_path):
    whole = torch.arange(126.0).reshape(63, 2).half() / 1000
    fields = FIELDS | {"e": whole[:, 1].reshape(63), "t": torch.tensor([[0.1, 0.2, 0.0]])}
    motion = read(tmp_path, expression_file(fields), "smile.exp")
    travel = motion.expression - neutral_motion(HUMAN_SPACE).expression
    assert_close(travel.flatten(), whole[:, 1].float(), atol=1e-6, rtol=0)
    assert_close(motion.translation, torch.tensor([[0.1, 0.2, 0.0]]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"e": torch.zeros(1, 20, 3)}, "damaged"),
        ({"r": torch.zeros(2)}, "damaged"),
        ({"e": torch.full((1, 21, 3), torch.nan)}, "not finite"),
        ({"t": "text"}, "damaged"),
    ],
)
def test_a_damaged_expression_is_refused_in_a_sentence(tmp_path, changes, words):
    with pytest.raises(MediaError, match=words):
        read(tmp_path, expression_file(FIELDS | changes), "smile.exp")
    fields = {name: value for name, value in FIELDS.items() if name != "e"}
    with pytest.raises(MediaError, match="'e'"):
        read(tmp_path, expression_file(fields), "smile.exp")


class Runs:
    """Pickles that would run something."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_nothing_in_a_file_is_run(tmp_path):
    ran = tmp_path / "ran"
    extra = Runs(os.system, f"touch {ran}")
    stream = io.BytesIO()
    np.save(stream, np.array([extra], object), allow_pickle=True)
    storage = io.BytesIO()
    torch.save(extra, storage, _use_new_zipfile_serialization=False)
    hidden = Runs(torch.storage._load_from_bytes, storage.getvalue())
    for data in (
        expression_file(FIELDS | {"extra": extra}),
        expression_file(FIELDS | {"e": hidden}),
        stream.getvalue(),
        torch_file(extra),
    ):
        with pytest.raises(MediaError):
            read(tmp_path, data, layout="moda")
    assert not ran.exists()


def test_a_record_cannot_change_those_of_later_files(tmp_path):
    # BUILD on the class itself: what it sets is gone with the reader
    set_on_class = b"\x80\x04ca\nExpressionSet\n}\x8c\x01e\x8c\x03badsb."
    with pytest.raises(MediaError):
        read(tmp_path, set_on_class)
    fields = {name: value for name, value in FIELDS.items() if name != "e"}
    with pytest.raises(MediaError, match="'e'"):
        read(tmp_path, expression_file(fields))


def test_a_tensor_larger_than_its_numbers_is_refused(tmp_path):
    big = torch.zeros(1).expand(1 << 40)
    with pytest.raises(MediaError, match="larger than its numbers"):
        read(tmp_path, expression_file(FIELDS | {"e": big}))


WHOLE = {
    "npy": npy(program_rows(MOTION, "moda")),
    "npz": npz(**columns_of(MOTION)),
    "pt": torch_file(torch.from_numpy(program_rows(MOTION, "moda"))),
    "exp": expression_file(FIELDS),
}


@pytest.mark.parametrize("kind", WHOLE)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damage_is_told_in_a_sentence_and_never_more(tmp_path, kind, data):
    whole = bytearray(WHOLE[kind])
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.booleans())
    name = tmp_path / f"motion.{kind}"
    name.write_bytes(bytes(whole[: place + 1] if cut else whole))
    options = ImportOptions(layout="moda") if kind in ("npy", "pt") else None
    try:
        motion, told = load_motion(name, options), str(name)
    except MediaError as error:
        motion, told = MOTION, str(error)
    assert "\n" not in told
    assert str(name) in told
    assert all(bool(getattr(motion, field).isfinite().all()) for field in NAMES)


def test_the_content_tells_and_not_the_name(tmp_path):
    ours = tmp_path / "motion.safetensors"
    save_motion(MOTION, ours)
    ours.rename(tmp_path / "motion.pkl")
    same(load_motion(tmp_path / "motion.pkl"), atol=0)
    same(read(tmp_path, npz(**columns_of(MOTION)), "motion.pkl"))
    same(read(tmp_path, matlab_file(**columns_of(MOTION)), "motion"))


@pytest.mark.parametrize("program", ["LivePortrait", "FasterLivePortrait"])
def test_a_template_of_each_program_comes_back(tmp_path, program):
    save_motion(MOTION, tmp_path / "m.pkl", program=program)
    motion = load_motion(tmp_path / "m.pkl")
    same(motion, (*NAMES, "canonical", "eyes_open", "lip_open"), atol=1e-4)
    assert motion.producer == f"{program} template"
    template = pickle.loads((tmp_path / "m.pkl").read_bytes())  # noqa: S301 - ours
    frame = template["motion"][0]
    assert ("x_s" in frame) == (program == "LivePortrait")
    if program == "FasterLivePortrait":
        assert {angle: frame[angle].shape for angle in ANGLES} == dict.fromkeys(ANGLES, (1, 1))
        assert {frame[angle].dtype for angle in ANGLES} == {np.dtype("float32")}
