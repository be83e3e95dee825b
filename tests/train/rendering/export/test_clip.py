import numpy as np
import pytest

from train.render import main
from train.rendering.export.clip import CLIP_FPS, CLIP_FRAMES, EXPRESSION_TRACKS, motion_at


def test_the_first_frame_is_neutral_as_a_reference_must_be(head):
    motion = motion_at(head, 0)
    assert not motion.expression.any()
    assert not motion.pose_deg.any()
    assert not motion.gaze_deg.any()


def test_the_clip_shows_each_thing_a_face_can_do(head):
    motions = [motion_at(head, k / CLIP_FPS) for k in range(CLIP_FRAMES)]
    yaw = np.array([motion.pose_deg[1] for motion in motions])
    gaze = np.array([motion.gaze_deg[1] for motion in motions])
    assert (yaw.max(), yaw.min()) == (15, -15)
    assert (gaze.max(), gaze.min()) == (22, -22)
    for name, least in (("eyeBlink_L", 0.99), ("mouthSmile_R", 0.85), ("jawOpen", 0.6)):
        k = head.expression_index(name)
        assert max(motion.expression[k] for motion in motions) >= least


def test_tracks_run_forward_in_time():
    for track in EXPRESSION_TRACKS.values():
        times = [time for time, _ in track]
        assert times == sorted(set(times))


def test_the_command_renders_a_clip(face_model_file, tmp_path, capsys):
    clip = tmp_path / "clip.mp4"
    command = ["--clip", str(clip), "--face-model", str(face_model_file), "--size", "32"]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{clip}: {CLIP_FRAMES} frames, size 32 px\n"
    assert clip.stat().st_size > 1000


def test_a_folder_and_a_clip_are_not_made_at_once(face_model_file, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--clip", "a.mp4", "--face-model", str(face_model_file)])
    assert "both came; one of them is expected" in capsys.readouterr().err


def test_a_folder_or_a_clip_is_needed(capsys):
    with pytest.raises(SystemExit):
        main(["--identities", "3"])
    assert "neither came; one of them is expected" in capsys.readouterr().err
