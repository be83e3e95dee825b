import json

import numpy as np
import pytest

from train.rendering.head.face_model import FaceModelError, read_face_model
from train.rendering.head.head_model import KEYPOINT_NAMES
from train.rendering.regions import Region

EXPRESSIONS = ["jawOpen", "eyeBlink_L"]


def write_points(path, points, extra=()):
    rows = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in points]
    path.write_text("\n".join([*rows, *extra]) + "\n")


def write_clone(folder, raw):
    """The made-up model as an ICT-FaceKit folder: two expressions, one mode, a quad at the end."""
    folder.mkdir()
    faces, current = [], None
    for corners, material in zip(raw.triangles + 1, raw.materials, strict=True):
        if material != current:
            faces.append(f"usemtl {raw.material_names[material]}")
            current = material
        faces.append("f " + " ".join(f"{corner}/1" for corner in corners))
    faces.append("f 1/1 2/1 3/1 4/1")
    write_points(folder / "generic_neutral_mesh.obj", raw.vertices, faces)
    for name in EXPRESSIONS:
        offsets = raw.expressions[raw.expression_names.index(name)]
        write_points(folder / f"{name}.obj", raw.vertices + offsets)
    write_points(folder / "identity000.obj", raw.vertices + raw.identity_modes[0])
    index = {"expressions": EXPRESSIONS, "idx_to_landmark_verts": raw.landmarks.tolist()}
    (folder / "vertex_indices.json").write_text(json.dumps(index))


def test_an_npz_is_read_as_it_was_written(raw_model, face_model_file):
    read = read_face_model(face_model_file)
    np.testing.assert_array_equal(read.vertices, raw_model.vertices)
    np.testing.assert_array_equal(read.landmarks, raw_model.landmarks)
    assert read.expression_names == raw_model.expression_names


def test_a_clone_is_read_like_the_npz(raw_model, tmp_path):
    write_clone(tmp_path / "FaceXModel", raw_model)
    for path in (tmp_path, tmp_path / "FaceXModel"):
        read = read_face_model(path)
        np.testing.assert_allclose(read.vertices, raw_model.vertices, atol=1e-5)
        np.testing.assert_array_equal(read.triangles[:-2], raw_model.triangles)
        np.testing.assert_array_equal(read.triangles[-2:], [[0, 1, 2], [0, 2, 3]])  # the quad
        assert [read.material_names[k] for k in read.materials[:-2]] == [
            raw_model.material_names[k] for k in raw_model.materials
        ]
        wanted = [raw_model.expression_names.index(name) for name in EXPRESSIONS]
        np.testing.assert_allclose(read.expressions, raw_model.expressions[wanted], atol=2e-3)


def test_a_path_that_is_neither_is_refused(tmp_path):
    with pytest.raises(
        FaceModelError, match=r"is not a face model; an \.npz face model is expected, or"
    ):
        read_face_model(tmp_path)


def test_an_npz_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", V=np.zeros((3, 3)))
    with pytest.raises(FaceModelError, match="lacks the arrays"):
        read_face_model(tmp_path / "other.npz")


def test_a_clone_without_its_index_is_refused(raw_model, tmp_path):
    write_points(tmp_path / "generic_neutral_mesh.obj", raw_model.vertices[:3])
    with pytest.raises(FaceModelError, match=r"vertex_indices\.json cannot be used"):
        read_face_model(tmp_path)


def test_a_head_keeps_only_what_is_drawn(raw_model, head):
    assert head.regions.min() > Region.BACKGROUND
    assert head.triangles.max() == len(head.vertices) - 1
    assert len(head.keypoints) == len(KEYPOINT_NAMES) == 21


def test_eyeballs_are_drawn_with_finer_triangles_and_keep_their_poles(raw_model, head):
    front = raw_model.vertices[21451:23021]
    pole = head.vertices[head.poles["eye_left"]]
    np.testing.assert_allclose(pole, front[front[:, 2].argmax()])
    eyes = head.triangles[head.regions == Region.EYE]
    edges = np.linalg.norm(head.vertices[eyes[:, 0]] - head.vertices[eyes[:, 1]], axis=1)
    whole = raw_model.triangles[
        raw_model.materials == raw_model.material_names.index("M_ScleraLeft")
    ]
    coarse = raw_model.vertices[whole]
    before = np.linalg.norm(coarse[:, 0] - coarse[:, 1], axis=1)
    assert edges.max() < 0.6 * before.max()


def test_eyes_turn_about_their_middle(head):
    np.testing.assert_allclose(head.eye_centres["eye_left"], [3.1, 3.6, 7.9], atol=0.05)
    np.testing.assert_allclose(head.eye_centres["eye_right"], [-3.1, 3.6, 7.9], atol=0.05)
