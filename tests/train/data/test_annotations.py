"""What curated clips tell of their frames: landmarks and head pose for L_H, L_guide and crops."""

import json

import numpy as np
import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.errors import MediaError
from tests.support.shards import made_up_clip, write_clips
from train.data.augment import augment_pairs, mirrored
from train.data.batch import FrameBatch, PairBatch
from train.data.curated import CuratedSet
from train.engine.config import parse
from train.engine.draw import Draw
from train.tasks.criteria import frozen_motion_network
from train.tasks.paper import PaperConfig, prepare

SIZE_PX = 128


def numbered(frames, first, **changes):
    """A clip whose frame k has all landmarks at first + k, hundredths, and pose first + k."""
    clip = made_up_clip(frames, SIZE_PX, seed=first)
    number = first + np.arange(frames, dtype=np.float32)
    clip["landmarks"] = np.broadcast_to(number[:, None, None] / 100, (frames, 21, 2)).copy()
    clip["pose_deg"] = np.broadcast_to(number[:, None], (frames, 3)).copy()
    return {**clip, **changes}


@pytest.fixture
def films(tmp_path):
    return write_clips(tmp_path / "films", [numbered(5, 10), numbered(3, 20), numbered(1, 30)])


def opened(folder, **changes):
    return CuratedSet([folder], size_px=SIZE_PX, image_fraction=0.5, annotated=True, **changes)


def batch_of(image, keypoints, pose_deg, valid=None):
    flags = torch.ones(len(image), dtype=torch.bool) if valid is None else torch.tensor(valid)
    return FrameBatch(pixels=image, keypoints=keypoints, pose_deg=pose_deg, valid=flags)


def test_pairs_carry_the_stored_numbers_of_their_own_frames(films):
    pairs = opened(films).first_pairs(3)
    # the first and the middle frame of each clip: 0 and 2 of five, 0 and 1 of three, the still
    assert pairs.valid.tolist() == [True, True, True]
    assert pairs.source.pose_deg[:, 1].tolist() == [10, 20, 30]
    assert pairs.driving.pose_deg[:, 1].tolist() == [12, 21, 30]
    torch.testing.assert_close(pairs.driving.keypoints[:, 7, 0], torch.tensor([0.12, 0.21, 0.3]))
    assert pairs.driving.keypoints.shape == (3, 21, 3)
    assert not pairs.driving.keypoints[..., 2].any()


def test_without_being_asked_nothing_is_read_of_them(films):
    clips = CuratedSet([films], size_px=SIZE_PX, image_fraction=0.5)
    assert not clips.is_labelled
    assert opened(films).is_labelled
    assert clips.first_pairs(3).valid.tolist() == [False] * 3
    assert not clips.first_pairs(3).source.keypoints.any()


def test_mirrored_frames_have_mirrored_landmarks_and_pose():
    points = torch.zeros(2, 21, 3)
    points[:, C.LEFT_EYE_OUTER] = torch.tensor([-0.5, 0.1, 0.0])
    points[:, C.RIGHT_EYE_OUTER] = torch.tensor([0.4, 0.2, 0.0])
    points[:, C.CHIN] = torch.tensor([0.1, 0.9, 0.3])
    pose_deg = torch.tensor([[5.0, 20.0, -8.0]]).expand(2, 3)
    frames = batch_of(torch.zeros(2, 3, 4, 4), points, pose_deg)
    found = mirrored(frames, torch.tensor([True, False]))
    assert torch.equal(found.keypoints[1], points[1])
    assert found.pose_deg.tolist() == [[5.0, -20.0, 8.0], [5.0, 20.0, -8.0]]
    # the person's other eye is now on the image's left, as far from the middle as it was
    expected = {
        C.LEFT_EYE_OUTER: [-0.4, 0.2, 0.0],
        C.RIGHT_EYE_OUTER: [0.5, 0.1, 0.0],
        C.CHIN: [-0.1, 0.9, 0.3],
    }
    for keypoint, place in expected.items():
        torch.testing.assert_close(found.keypoints[0, keypoint], torch.tensor(place))


def test_augmented_pairs_are_mirrored_with_their_landmarks():
    # one bright column where the left mouth corner is, so that both must move alike
    image = torch.zeros(40, 3, 16, 16)
    image[..., 3] = 1.0
    points = torch.zeros(40, 21, 3)
    points[:, [C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER], 0] = (3.5 / 16) * 2 - 1
    frames = batch_of(image, points, torch.zeros(40, 3))
    found = augment_pairs(PairBatch(source=frames, driving=frames), Draw.of(0, 0, 0))
    column = found.driving.image.mean((1, 2)).argmax(1)
    stored = (found.driving.keypoints[:, C.LEFT_LIP_CORNER, 0] + 1) / 2 * 16 - 0.5
    torch.testing.assert_close(stored, column.float())
    assert set(column.tolist()) == {3, 12}


def test_what_is_stored_wins_over_the_reader_and_the_reader_fills_the_rest():
    motion_network = frozen_motion_network("default")
    torch.manual_seed(0)
    image = torch.rand(2, 3, SIZE_PX, SIZE_PX)
    points, pose_deg = torch.zeros(2, 21, 3), torch.zeros(2, 3)
    points[0], pose_deg[0] = 0.25, torch.tensor([1.0, 2.0, 3.0])
    stored = batch_of(image, points, pose_deg, valid=[True, False])
    found = stored.with_readings(motion_network)
    read = batch_of(image, points, pose_deg, valid=[False, False]).with_readings(motion_network)
    assert found.valid.tolist() == [True, True]
    assert found.pose_deg[0].tolist() == [1.0, 2.0, 3.0]
    assert float(found.keypoints[0].std()) == 0
    assert torch.equal(found.keypoints[1], read.keypoints[1])
    assert torch.equal(found.pose_deg[1], read.pose_deg[1])
    assert stored.with_readings(None) is stored


def test_landmarks_of_another_layout_are_not_taken_for_ours(tmp_path):
    clip = made_up_clip(3, SIZE_PX)
    clip["landmarks"] = np.zeros((3, 203, 2), np.float32)
    clips = opened(write_clips(tmp_path / "films", [clip], layout="liveportrait-203"))
    assert not clips.is_labelled
    assert clips.first_pairs(1).valid.tolist() == [False]


def test_a_clip_with_landmarks_of_another_set_is_named_and_the_next_taken(tmp_path, capsys):
    wrong = numbered(5, 10, landmarks=np.zeros((4, 21, 2), np.float32))
    clips = opened(write_clips(tmp_path / "films", [wrong, numbered(3, 20)]))
    pairs = clips.draw_pairs(Draw.of(0, 0, 0), 12)
    assert set(pairs.source.pose_deg[:, 0].tolist()) <= {20.0, 21.0, 22.0}
    assert clips.num_damaged == 1
    assert "are of another set" in capsys.readouterr().err


TINY = [
    "preset=tiny",
    "batch=1",
    "total_batch=0",
    "bfloat16=false",
    "landmark_model=",
    "steps=1",
    "run=r",
]


def rows_of(folder):
    values = [*TINY, f"clips={folder}", f"clip_px={SIZE_PX}"]
    task = prepare(parse(PaperConfig, values, "stage1"))
    with torch.no_grad():
        return task.train_step(task.draw(Draw.of(0, 0, 0)), task.networks)


def test_l_h_and_l_guide_learn_from_stored_numbers_without_a_reader(tmp_path):
    # far beyond what M says |M - stored| is straight: 10 degrees further in each angle count 10
    far, further = (
        rows_of(
            write_clips(
                tmp_path / str(pose),
                [numbered(2, 10, pose_deg=np.full((2, 3), pose, np.float32))],
            )
        )
        for pose in (1000, 1010)
    )
    assert float(further["head_pose"] - far["head_pose"]) == pytest.approx(10, abs=0.01)
    assert float(far["guide"]) > 0
    assert torch.equal(far["guide"], further["guide"])


def test_clips_that_tell_nothing_still_need_a_reader(tmp_path, films):
    other = made_up_clip(3, SIZE_PX)
    other["landmarks"] = np.zeros((3, 203, 2), np.float32)
    place = write_clips(tmp_path / "other", [other], layout="liveportrait-203")
    with pytest.raises(MediaError, match=r"set weights\.head_pose=0 weights\.guide=0"):
        rows_of(place)
    with pytest.raises(MediaError, match="The clips carry no head pose and no landmarks"):
        rows_of(tmp_path / "raw")  # before anything is looked for or prepared there
    table = json.loads((films / "clips-000000.json").read_text(encoding="utf-8"))
    assert [row["layout"] for row in table["clips"]] == ["compact-21"] * 3
