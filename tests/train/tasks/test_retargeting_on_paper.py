"""Stage 2 on a base of the paper's architecture, and on parts of S, R_eyes and R_lip alone."""

from pathlib import Path

import pytest
import torch

from liveportrait_core.checkpoints.keymaps import ENTRY_OF_NETWORK, OURS_TO_PUBLISHED
from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.errors import CheckpointError, MediaError
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.model import load_model
from liveportrait_core.networks.build import build
from liveportrait_core.networks.retargeting import stitching_mlp
from liveportrait_core.stages import retarget_eyes, retarget_lip, stitch, warp_decode
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.refusals import refused
from tests.support.rendered import write_rendered
from tests.support.videos import SIZE_PX, frame, moving_video, square_faces
from train import stage2
from train.data.augment import augment_pairs
from train.data.face_crops import CropSettings
from train.data.heads import TORSO
from train.data.pixels import as_image
from train.data.preparing import prepare
from train.data.sets import Sets, open_sets
from train.engine.config import parse
from train.engine.draw import Draw
from train.models.export import write_both
from train.models.presets import PAPER_PRESETS
from train.models.retargeting_networks import RETARGETING_NETWORKS, parts_of
from train.models.runs import BaseModel, load_run, open_model, open_networks, preset_of
from train.tasks import retargeting
from train.tasks.paper_step import NETWORKS
from train.tasks.retargeting import retargeting_task
from train.tasks.retargeting_faces import faces_of, landmarks_of, retargeted, seen_heads
from train.tasks.retargeting_step import RetargetingConfig

QUICK = [
    "batch=2",
    "total_batch=2",
    "log_every=1",
    "save_every=2",
    "grid_every=3",
    "bfloat16=false",
]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """Rendered heads, a film with its cache, and a still with its own."""
    root = tmp_path_factory.mktemp("media")
    write_rendered(root / "heads", identities=2)
    moving_video(root / "people" / "a.mp4", num_frames=3)
    (root / "stills").mkdir()
    write_image(root / "stills" / "still.png", frame((70, 50, 44), seed=2))
    settings = CropSettings(size_px=SIZE_PX)
    for name in ("people", "stills"):
        cache = root / f"{name}-cache"
        prepare([root / name], cache, settings, faces=square_faces(), log=lambda line: None)
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """F, M, W and G of the published architecture in both layouts, as stage 1 leaves them."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    built = build(PAPER_PRESETS["tiny"])
    write_both(folder, PAPER_PRESETS["tiny"], {name: built[name].eval() for name in NETWORKS}, {})
    return folder


def of_clips(media, name="people"):
    places = (f"clips={media / name}", f"cache={media / (name + '-cache')}")
    return [*places, f"clip_px={SIZE_PX}"]


def of_both(media):
    return [f"data={media / 'heads'}", *of_clips(media)]


def same(network, other):
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in network.state_dict().items())


@pytest.fixture(scope="module")
def trained(tmp_path_factory, media, base):
    """All three, from a base in the published layout."""
    run = tmp_path_factory.mktemp("runs") / "all"
    stage2.main([*of_all(run, media, base), "grid_every=3"])
    return run


def of_all(run, media, base):
    place = f"base={base / 'published'}"
    return [f"run={run}", place, *of_both(media), *QUICK, "steps=3", "grid_every=0"]


@pytest.fixture(scope="module")
def eyes(tmp_path_factory, media, base, trained):
    """R_eyes alone, the others from the run before."""
    run = tmp_path_factory.mktemp("runs") / "eyes"
    stage2.main(of_eyes(run, media, base, trained))
    return run


def of_eyes(run, media, base, init):
    options = [f"base={base / 'model.safetensors'}", f"init={init}", "parts=eyes", "steps=1"]
    return [f"run={run}", f"data={media / 'heads'}", *QUICK, *options, "grid_every=0"]


def test_every_row_of_eq_5_and_6_is_logged_and_weighed(trained):
    weights = {"kept": 10, "offset": 1, "picture": 3}
    wanted = {f"{part}_{row}" for part in ("eyes", "lip") for row in weights}
    wanted |= {"stitching_kept", "stitching_offset"}
    assert len(losses_of(trained)) == 3
    for row in losses_of(trained):
        # the keypoints have no names, so that no row reads openings off them
        assert {name for name in row if name.split("_")[0] in RETARGETING_NETWORKS} == wanted
        total = sum(weights[name.split("_")[1]] * row[name] for name in wanted)
        assert row["total"] == pytest.approx(total, rel=1e-5)
    # two heads and a clip, as they are and at four openings of eyes and of lips
    assert read_image(trained / "grid-000003.png").rgb.shape == (3 * 128, 9 * 128, 3)


def test_the_base_stays_as_it_was_and_the_three_have_learnt(base, trained):
    before, after = (load_model(run / "model.safetensors").modules() for run in (base, trained))
    assert all(same(before[name], after[name]) for name in NETWORKS)
    for name in RETARGETING_NETWORKS:
        last = [value for key, value in after[name].state_dict().items() if "bias" in key][-1]
        assert float(last.abs().max()) > 0


def outputs(model):
    """Pictures and keypoints that all seven networks have a part in."""
    random = torch.Generator().manual_seed(0)
    size = model.preset.face_size_px
    with torch.inference_mode():
        volume = model.appearance(torch.rand(1, 3, size, size, generator=random))
        points, moved = (torch.rand(1, 21, 3, generator=random) - 0.5 for _ in range(2))
        offsets = [
            stitch(model, points, moved),
            retarget_eyes(model, points, torch.tensor([[0.3, 0.3, 0.1]])),
            retarget_lip(model, points, torch.tensor([[0.1, 0.4]])),
        ]
        return [warp_decode(model, volume, points, offsets[0]), *offsets]


def test_both_layouts_load_and_paint_the_same(trained):
    ours, theirs = (load_model(trained / name) for name in ("model.safetensors", "published"))
    assert ours.preset == theirs.preset == PAPER_PRESETS["tiny"]
    for one, other in zip(outputs(ours), outputs(theirs), strict=True):
        assert torch.equal(one, other)


def test_the_published_retargeting_file_has_the_published_keys(trained):
    files = list((trained / "published").rglob("stitching_retargeting_module.pth"))
    assert len(files) == 1
    content = torch.load(files[0], weights_only=True)
    assert set(content) == {"retarget_shoulder", "retarget_eye", "retarget_mouth"}
    for name, entry in ENTRY_OF_NETWORK.items():
        wanted = {f"module.{key}" for key in OURS_TO_PUBLISHED[name].values()}
        assert set(content[entry]) == wanted


def test_one_part_alone_leaves_the_others_as_they_were(trained, eyes):
    before, after = (load_model(run / "model.safetensors").modules() for run in (trained, eyes))
    for name in (*NETWORKS, "stitching", "lip"):
        assert same(before[name], after[name]), name
    assert not same(before["eyes"], after["eyes"])
    assert not any(key.startswith(("stitching", "lip")) for key in losses_of(eyes)[0])


def test_a_killed_run_gives_the_same_losses_and_weights(tmp_path, media, base, trained):
    again = tmp_path / "again"
    options = of_all(again, media, base)
    assert cut_off_and_resumed(stage2.main, options, step=2) == 0
    assert losses_of(again) == losses_of(trained)
    one, other = (load_model(run / "model.safetensors").modules() for run in (again, trained))
    assert all(same(one[name], other[name]) for name in other)


def test_a_run_in_progress_does_not_change_what_it_trains(capsys, media, base, trained, eyes):
    options = [option for option in of_eyes(eyes, media, base, trained) if "parts" not in option]
    said = refused(stage2.main, capsys, options)
    assert "trained eyes (networks" in said
    assert "asks for stitching, eyes, lip" in said


def test_a_dry_run_tells_what_learns_and_what_stays(tmp_path, capsys, base, monkeypatch):
    read: list[str] = []
    monkeypatch.setattr(
        retargeting, "open_model", lambda place: read.append(place) or open_model(place)
    )
    run, place = tmp_path / "dry", base / "model.safetensors"
    options = [f"run={run}", f"base={place}", "data=heads", f"clip_px={SIZE_PX}", *QUICK]
    with pytest.raises(SystemExit) as left:
        stage2.main([*options, "steps=3", "parts=lip", "--dry-run"])
    assert left.value.code == 0
    assert read == [str(place)]
    shown = capsys.readouterr().out
    assert '"parts": "lip"' in shown
    # by hand, R_lip: 65 -> 128 -> 128 -> 64 -> 63
    count = 65 * 128 + 128 + 128 * 128 + 128 + 128 * 64 + 64 + 64 * 63 + 63
    assert f"average of {count / 1e6:.1f} M parameters" in shown
    below = [load_model(where).modules() for where in (place, "default")]
    stay = sum(p.numel() for found in below for n in NETWORKS for p in found[n].parameters())
    assert f"weights of {stay / 1e6:.1f} M parameters that stay" in shown
    assert "of 2 faces" in shown
    assert not run.exists()


def test_a_base_that_is_not_there_is_one_sentence(tmp_path, capsys):
    options = [f"run={tmp_path / 'run'}", "base=nobody.safetensors", "data=heads", "steps=1"]
    assert "nobody.safetensors" in refused(stage2.main, capsys, options)


def test_a_run_is_of_its_bases_preset_and_can_be_a_base_itself(base, trained):
    assert preset_of(trained) == preset_of(base / "published") == PAPER_PRESETS["tiny"]
    assert set(load_run(trained)) == {*NETWORKS, *RETARGETING_NETWORKS}


def test_what_nobody_trained_is_left_out(tmp_path, media, base):
    run = tmp_path / "stitching"
    options = [f"base={base / 'model.safetensors'}", "parts=stitching", "steps=1", "grid_every=1"]
    stage2.main([f"run={run}", *of_both(media), *QUICK, *options])
    model = load_model(run / "model.safetensors")
    assert model.stitching is not None
    assert model.eyes is None
    assert model.lip is None
    # published programs ask for all three: there they move nothing
    theirs = load_model(run / "published")
    assert float(retarget_eyes(theirs, torch.rand(1, 21, 3), torch.rand(1, 3)).abs().max()) == 0
    # two heads and a clip: source, driver, driven, driven with S
    assert read_image(run / "grid-000001.png").rgb.shape == (3 * 128, 4 * 128, 3)


def test_a_compact_base_lends_what_is_not_trained(tmp_path, media):
    run = tmp_path / "lip"
    options = ["base=default", "parts=lip", "steps=1", "total_batch=1", "grid_every=0"]
    options += ["log_every=1", "bfloat16=false"]
    stage2.main([f"run={run}", f"data={media / 'heads'}", *options])
    before, after = (
        load_model(place).modules() for place in ("default", run / "model.safetensors")
    )
    assert same(before["stitching"], after["stitching"])
    assert same(before["eyes"], after["eyes"])
    assert not same(before["lip"], after["lip"])
    assert {"lip_kept", "lip_picture", "lip_keypoints", "lip_offset"} <= set(losses_of(run)[0])
    # and the run itself hands all three on
    assert set(RETARGETING_NETWORKS) <= set(open_networks(str(run)))


def a_task(media, base, *options, folders=None):
    places = of_both(media) if folders is None else folders
    values = [
        "run=nowhere",
        "steps=2",
        "batch=2",
        "total_batch=2",
        f"base={base / 'model.safetensors'}",
    ]
    config = parse(RetargetingConfig, [*values, *places, *options], "stage2")
    sets = open_sets(config.sets, config.loop.run)
    return retargeting_task(config, open_model(config.base), sets)


def test_the_opening_in_the_picture_teaches_in_mixed_precision_too(media, base):
    task = a_task(media, base, "parts=eyes,lip")
    with torch.autocast("cpu", torch.bfloat16):
        losses = task.train_step(task.draw(Draw.of(0, 0, 0)), task.networks)
    (losses["eyes_picture"] + losses["lip_picture"]).backward()
    for name in ("eyes", "lip"):
        gradients = [p.grad for p in task.networks[name].parameters() if p.grad is not None]
        assert all(g.isfinite().all() for g in gradients)
        assert any(float(g.abs().max()) > 0 for g in gradients)


def test_the_source_opening_is_what_the_reader_reads(media, base):
    task = a_task(media, base)
    (step,) = task.steps
    model, landmark_model = step.model(task.networks), step.landmark_model
    image = torch.rand(1, 3, SIZE_PX, SIZE_PX, generator=torch.Generator().manual_seed(3))
    faces = faces_of(model, image, landmark_model)
    read = load_model("default").motion.read(image).keypoints
    torch.testing.assert_close(faces.landmarks, read)
    torch.testing.assert_close(landmarks_of(model, image, landmark_model), read)
    asked = {}
    task.networks["lip"].register_forward_hook(lambda _, row, out: asked.update(row=row[0]))
    retargeted(model, faces, "lip", torch.tensor([[0.4]]))
    # the keypoints of the base, then the gap of the inner lips over the mouth's width, then wanted
    width, height = (
        float((read[0, a, :2] - read[0, b, :2]).norm())
        for a, b in (
            (C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER),
            (C.INNER_UPPER_LIP, C.INNER_LOWER_LIP),
        )
    )
    row = [*faces.keypoints.flatten().tolist(), height / width, 0.4]
    torch.testing.assert_close(asked["row"], torch.tensor([row]), atol=1e-4, rtol=1e-3)


def test_heads_are_the_renderers_and_what_the_reader_sees_in_clips(media, base):
    task = a_task(media, base, "kept=surroundings")
    (step,) = task.steps
    pixels, labelled = step._sources(Draw.of(0, 0, 0))
    sources = as_image(pixels)
    assert len(sources) == 2
    assert len(labelled) == 1
    model, landmark_model = step.model(task.networks), step.landmark_model
    faces = faces_of(model, sources, landmark_model)
    heads = step._masks(model, landmark_model, faces, sources, labelled)
    size = PAPER_PRESETS["tiny"].output_size_px
    assert heads.shape == (2, 1, size, size)
    back = torch.nn.functional.avg_pool2d(heads, 2)
    assert float((back[:1] - labelled).abs().mean()) < 0.05
    seen = seen_heads(landmark_model, faces_of(landmark_model, sources[1:]), 0)
    assert float((back[1:] - seen).abs().max()) < 0.05


def test_the_shoulders_are_the_renderers_torso_and_in_clips_what_is_below_the_chin(media, base):
    task = a_task(media, base)
    (step,) = task.steps
    draw = Draw.of(0, 0, 0)
    pixels, labelled = step._sources(draw)
    model, landmark_model, sources = (
        step.model(task.networks),
        step.landmark_model,
        as_image(pixels),
    )
    masks = step._masks(
        model, landmark_model, faces_of(model, sources, landmark_model), sources, labelled
    )
    of_clip = faces_of(landmark_model, sources[1:])
    seen, chin = seen_heads(landmark_model, of_clip, 0), float(of_clip.landmarks[0, C.CHIN, 1])
    size = masks.shape[-1]
    row = round((chin + 1) / 2 * size)
    assert masks[1, 0, : row - 2].min() == 1  # above the chin all may change
    back = torch.nn.functional.avg_pool2d(masks[1:], 2)
    below = row // 2 + 2
    assert float((back[..., below:, :] - seen[..., below:, :]).abs().max()) < 0.05
    pairs = augment_pairs(step.sets.rendered.draw_pairs(Draw.of(0, 0, 0), 1), Draw.of(0, 0, 0))
    shares = [float((pairs.truth.source_regions == TORSO).float().mean()), float(labelled.mean())]
    assert shares[1] == pytest.approx(1 - shares[0], abs=0.01)


def test_the_papers_batch_and_adam_are_the_defaults(media, base):
    config = parse(RetargetingConfig, ["run=r", "steps=1", "data=d", "base=b"], "stage2")
    (group,) = a_task(media, base).groups
    assert (group.lr, group.optimiser.betas, group.optimiser.weight_decay) == (
        2e-4,
        (0.5, 0.999),
        0,
    )
    assert config.for_processes(8).loop.accumulate * config.for_processes(8).batches.batch == 13
    assert (config.kept, config.loop.final_lr_fraction) == ("shoulders", 1.0)
    (other,) = a_task(media, base, "optimiser=adamw", "lr=1e-3").groups
    assert (other.lr, other.optimiser.betas) == (1e-3, (0.8, 0.98))


def test_stills_are_enough_for_openings_but_not_for_s(media, base):
    stills = of_clips(media, "stills")
    task = a_task(media, base, "parts=lip", folders=stills)
    assert (
        float(task.train_step(task.draw(Draw.of(0, 0, 0)), task.networks)["lip_picture"].detach())
        > 0
    )
    with pytest.raises(MediaError, match="Add videos to clips"):
        a_task(media, base, folders=stills)


def test_init_has_to_be_of_the_same_keypoints(media, base):
    with pytest.raises(CheckpointError, match="corrects keypoints of the space"):
        a_task(media, base, "init=default")
    with pytest.raises(CheckpointError, match="has no stitching, no eyes, no lip"):
        a_task(media, base, f"init={base / 'model.safetensors'}")


def test_a_published_base_needs_a_reader_with_named_keypoints(media, base):
    with pytest.raises(CheckpointError, match="landmark_model=default is ours"):
        a_task(media, base, "landmark_model=")
    with pytest.raises(CheckpointError, match="its keypoints have no names"):
        a_task(media, base, f"landmark_model={base / 'published'}")


def test_a_base_without_its_networks_is_refused(media, base):
    (step,) = a_task(media, base).steps
    left = {name: network for name, network in step.base.items() if name != "decoder"}
    with pytest.raises(CheckpointError, match="has no decoder; a run of stage 1"):
        retargeting_task(step.config, BaseModel(step.preset, left), step.sets)


def test_parts_are_some_of_the_three(capsys):
    assert parts_of("lip, stitching") == ("stitching", "lip")
    options = ["run=r", "steps=1", "data=d", "base=b", "parts=nose"]
    assert "some of stitching,eyes,lip are expected" in refused(stage2.main, capsys, options)


def test_a_compact_run_begins_with_the_weights_it_always_had(tmp_path):
    config = ["steps=1", "data=d", "base=default", f"run={tmp_path}"]
    parsed = parse(RetargetingConfig, config, "stage2")
    task = retargeting_task(parsed, open_model("default"), Sets(None, None))
    torch.manual_seed(0)
    first = stitching_mlp().state_dict()["layers.0.weight"]
    assert torch.equal(task.networks["stitching"].state_dict()["layers.0.weight"], first)
    assert not any(Path(tmp_path).iterdir())
