import numpy as np

from liveportrait_core.animation.crops import whole_frame


def test_a_whole_frame_is_centred_edge_to_edge():
    # 40 x 20 on 80: two pixels for one, and 20 rows of nothing above and below
    transform = whole_frame(np.zeros((20, 40, 3), np.uint8), 80)
    corners = np.array([[-0.5, -0.5], [39.5, 19.5]])
    np.testing.assert_allclose(transform.to_crop(corners), [[-0.5, 19.5], [79.5, 59.5]])
