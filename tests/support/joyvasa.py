"""JoyVASA's files with weights from a formula: tiny, by the names and in the containers of its own.

The same formula filled the public code whose numbers are in `tests/goldens/joyvasa.npz`.
"""

import argparse
import pathlib
import pickle
import zlib

import numpy as np
import torch

WIDTH, LAYERS, FRAMES, PAST, STEPS = 16, 8, 10, 5, 4
CHANNELS, HEARD, INNER, KERNEL, GROUPS = 16, 64, 32, 8, 4
KERNELS = (10, 3, 3, 3, 3, 2, 2)
GENERATOR = "motion_generator_hubert_chinese.pt"
FOLDER = "chinese-hubert-base"
NORMALISED = {"exp": 63, "scale": 1, "t": 3, "pitch": 1, "yaw": 1, "roll": 1}


def generator_shapes():
    """Of the tensors of a motion generator without its encoder."""
    net = "denoising_net"
    shapes = {
        "start_audio_feat": (1, PAST, WIDTH),
        "start_motion_feat": (1, PAST, 70),
        "null_audio_feat": (1, 1, WIDTH),
        **linear("audio_feature_map", HEARD, WIDTH),
        **linear(f"{net}.diff_step_map.0", WIDTH, WIDTH),
        **linear(f"{net}.diff_step_map.2", WIDTH, WIDTH),
        **linear(f"{net}.feature_proj", 70, WIDTH),
        **linear(f"{net}.motion_dec.0", WIDTH, WIDTH // 2),
        **linear(f"{net}.motion_dec.2", WIDTH // 2, 70),
    }
    for layer in range(LAYERS):
        name = f"{net}.transformer.layers.{layer}"
        for attention in ("self_attn", "multihead_attn"):
            shapes |= {
                f"{name}.{attention}.in_proj_weight": (3 * WIDTH, WIDTH),
                f"{name}.{attention}.in_proj_bias": (3 * WIDTH,),
                **linear(f"{name}.{attention}.out_proj", WIDTH, WIDTH),
            }
        shapes |= linear(f"{name}.linear1", WIDTH, 4 * WIDTH)
        shapes |= linear(f"{name}.linear2", 4 * WIDTH, WIDTH)
        for number in (1, 2, 3):
            shapes |= norm(f"{name}.norm{number}", WIDTH)
    return shapes


def encoder_shapes():
    """Of the tensors of an encoder with one layer."""
    shapes = {
        f"feature_extractor.conv_layers.{n}.conv.weight": (CHANNELS, CHANNELS if n else 1, kernel)
        for n, kernel in enumerate(KERNELS)
    }
    layer = "encoder.layers.0"
    shapes |= norm("feature_extractor.conv_layers.0.layer_norm", CHANNELS)
    shapes |= norm("feature_projection.layer_norm", CHANNELS)
    shapes |= linear("feature_projection.projection", CHANNELS, HEARD)
    shapes |= {
        "masked_spec_embed": (HEARD,),
        "encoder.pos_conv_embed.conv.bias": (HEARD,),
        "encoder.pos_conv_embed.conv.weight_g": (1, 1, KERNEL),
        "encoder.pos_conv_embed.conv.weight_v": (HEARD, HEARD // GROUPS, KERNEL),
    }
    for way in ("q_proj", "k_proj", "v_proj", "out_proj"):
        shapes |= linear(f"{layer}.attention.{way}", HEARD, HEARD)
    shapes |= linear(f"{layer}.feed_forward.intermediate_dense", HEARD, INNER)
    shapes |= linear(f"{layer}.feed_forward.output_dense", INNER, HEARD)
    for name in ("encoder", layer):
        shapes |= norm(f"{name}.layer_norm", HEARD)
    return shapes | norm(f"{layer}.final_layer_norm", HEARD)


def linear(name, given, made):
    return {f"{name}.weight": (made, given), f"{name}.bias": (made,)}


def norm(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def filled(name, shape):
    """Normal numbers drawn by the name; factors of norms about 1, matrices by their fan in."""
    drawn = np.random.default_rng(zlib.crc32(name.encode())).normal(size=shape)
    if len(shape) == 1:
        drawn = 0.1 * drawn + float("norm" in name and name.endswith("weight"))
    elif name.endswith("weight_g"):
        drawn = 1 + np.abs(drawn)
    else:
        drawn = drawn * np.prod(shape[1:]) ** -0.5
    return torch.from_numpy(drawn.astype(np.float32))


def cosine_betas(steps=STEPS):
    """(steps + 1,) with the 0 of step 0, as the public code makes them."""
    angles = (torch.linspace(0, steps, steps + 1) / steps + 0.008) / 1.008 * torch.pi / 2
    kept = angles.cos().square()
    return torch.cat((torch.zeros(1), (1 - kept[1:] / kept[:-1]).clip(0.0001, 0.999)))


def generator_state():
    """The tensors of a motion generator, with what follows from sizes."""
    state = {name: filled(name, shape) for name, shape in generator_shapes().items()}
    count = PAST + FRAMES
    return state | {
        "denoising_net.alignment_mask": ~torch.eye(count, dtype=torch.bool),
        "denoising_net.TE.pe": torch.zeros(1, 501, WIDTH),
        "denoising_net.PE.pe": torch.zeros(1, 600, WIDTH),
        "diffusion_sched.betas": cosine_betas(),
        "diffusion_sched.alphas": 1 - cosine_betas(),
    }


def encoder_state():
    """The tensors of an encoder."""
    return {name: filled(name, shape) for name, shape in encoder_shapes().items()}


def template():
    """Constants that give numbers of faces, and some that are not used."""
    low = {"scale": 1.5, "pitch": -10, "yaw": -10, "roll": -5}
    high = {"scale": 1.6, "pitch": 10, "yaw": 10, "roll": 5}
    found = {"mean_lip": np.zeros(1, np.float32)}
    for name, size in NORMALISED.items():
        ones = np.ones(size, np.float32)
        found |= {f"mean_{name}": 0.01 * ones, f"std_{name}": 0.02 * ones}
        found |= {
            f"min_{name}": ones * low.get(name, -0.1),
            f"max_{name}": ones * high.get(name, 0.1),
        }
    return found


def write_joyvasa(folder, *, state=None, encoder=True, inside=False, constants=True, **options):
    """Its files as its folder of weights has them; gives the generator's."""
    place = folder / "JoyVASA" / "motion_generator" / GENERATOR
    place.parent.mkdir(parents=True)
    state = generator_state() if state is None else state
    if inside:
        state = state | {f"audio_encoder.{key}": value for key, value in encoder_state().items()}
    usual = {"fps": 25, "pad_mode": "zero", "data_root": pathlib.Path("/data")}
    args = argparse.Namespace(**(usual | options))
    torch.save({"args": args, "model": state, "iter": 7}, place)
    if constants:
        beside = folder / "JoyVASA" / "motion_template"
        beside.mkdir()
        (beside / "motion_template.pkl").write_bytes(pickle.dumps(template()))
    if encoder:
        (folder / FOLDER).mkdir()
        torch.save(encoder_state(), folder / FOLDER / "pytorch_model.bin")
    return place


def sound(count=13_000):
    """(N,) a tone that swells and changes."""
    times = np.arange(count) / 16_000
    swell = 0.2 + 0.1 * np.sin(2 * np.pi * 3 * times)
    return torch.from_numpy(swell * np.sin(700 * times + 5 * np.sin(9 * times))).float()


class Draws:
    """Noise from a formula, in place of `torch.randn`: a draw for each call."""

    def __init__(self):
        self.count = 0

    def __call__(self, *shape, **_):
        self.count += 1
        sizes = shape if isinstance(shape[0], int) else shape[0]
        drawn = np.random.default_rng(self.count).normal(size=tuple(sizes))
        return torch.from_numpy(drawn.astype(np.float32))
