"""Weights of the losses of the compact F, W and G."""

from __future__ import annotations

from dataclasses import dataclass

from liveportrait_core.config.fields import check_options, option


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWeights:
    """Weights of the losses of F, W and G."""

    picture: float = option(10.0, "pyramid of L1 and gradients, eyes and mouth weighted", minimum=0)
    flow: float = option(12.5, "L1 of the flow, coarse and refined", minimum=0)
    mask: float = option(2.0, "blend mask against visibility, outside eyes and mouth", minimum=0)
    generated: float = option(
        2.0,
        "L1 of the generated picture where it is used, and what the source hides",
        minimum=0,
    )
    perceptual: float = option(
        2.0, "features of the model's own M (of the moving average), relative L1", minimum=0
    )
    motion: float = option(
        10.0,
        "keypoints that this M reads in the generated frame against those in the true one",
        minimum=0,
    )
    background: float = option(
        3.0, "cross-entropy of what stays still; 0 for pairs of one pose", minimum=0
    )
    head: float = option(1.5, "cross-entropy of the source's head mask", minimum=0)
    depth: float = option(
        4.0,
        "L1 of the source's depth and of the depth at which W reads it, skin and hair twice, in a "
        "model with depth_probes",
        minimum=0,
    )
    coverage: float = option(
        1.0, "cross-entropy of head and torso in that source's relief", minimum=0
    )
    eyes: float = option(
        12.0, "extra weight of pixels about the eyes; not a loss of its own", minimum=0
    )
    mouth: float = option(
        10.0, "extra weight of pixels about the mouth; not a loss of its own", minimum=0
    )
    hidden: float = option(
        2.0, "extra weight of pixels that the source hides; not a loss of its own", minimum=0
    )
    gan_face: float = option(
        0.1, "hinge loss of D_face, where the run has discriminators", minimum=0
    )
    gan_eyes: float = option(0.1, "the same of D_eyes", minimum=0)
    gan_lip: float = option(0.2, "the same of D_lip", minimum=0)
    matching: float = option(2.0, "feature matching of all discriminators", minimum=0)
    discriminators: float = option(1.0, "hinge losses by which they learn", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)
