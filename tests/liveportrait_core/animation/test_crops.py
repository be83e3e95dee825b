from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.animation.crops import clip_crops, framing_travel, whole_frame
from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.imaging.landmark_layouts import Landmarks
from liveportrait_core.media.clips import Frames
from liveportrait_core.options import Framing
from liveportrait_core.preset import COMPACT, PAPER, CropDefaults

from ..face.oracle import face_points, frame_picture
from .test_drive import small_networks_model


def test_a_whole_frame_is_centred_edge_to_edge():
    # 40 x 20 on 80: two pixels for one, and 20 rows of nothing above and below
    transform = whole_frame(np.zeros((20, 40, 3), np.uint8), 80)
    corners = np.array([[-0.5, -0.5], [39.5, 19.5]])
    np.testing.assert_allclose(transform.to_crop(corners), [[-0.5, 19.5], [79.5, 59.5]])


def crops_of(preset, role, *, published=False):
    """The crop of one face, and its landmarks in it from -1 to 1."""
    face = face_from_landmarks(Landmarks(face_points((110, 120)), "compact-21"), 1.0)
    model = small_networks_model(preset)
    clip = Frames([frame_picture(0)], Fraction(25))
    track = FaceTrack(0, (face,))
    crops = clip_crops(model, track, Framing(rotate=False), clip, role, published=published)
    (crop,) = crops.transforms
    return 2 * crop.to_crop(face.landmarks.points) / crop.size_px - 1


@pytest.mark.parametrize(
    "driving_crop",
    [COMPACT.driving_crop, CropDefaults(scale=1.4, vx_ratio=0.1, vy_ratio=0.05)],
)
def test_a_point_of_a_drivers_crop_is_converted_to_the_sources(driving_crop):
    preset = replace(COMPACT, driving_crop=driving_crop)
    (k, *d), *_ = framing_travel(preset).numpy()
    driver, source = (crops_of(preset, role) for role in ("driver", "source"))
    np.testing.assert_allclose(k * driver + d, source, atol=1e-5)


@pytest.mark.parametrize(("preset", "ratio"), [(COMPACT, 2.05 / 1.65), (PAPER, 1.0)])
def test_a_published_crop_is_that_of_the_training(preset, ratio):
    published, wide = (np.ptp(crops_of(preset, "source", published=p), 0) for p in (True, False))
    np.testing.assert_allclose(published, ratio * wide, rtol=1e-6)
