"""Files as other programs lay them out, made from a motion."""

import io
import pickle
import sys
import types

import numpy as np
import torch

ANGLES = ("pitch", "yaw", "roll")


def columns_of(motion):
    """The arrays of a motion under the names that all these programs use."""
    degrees = dict(zip(ANGLES, motion.pose_deg.split(1, dim=1), strict=True))
    values = {
        "exp": motion.expression.flatten(1),
        "scale": motion.scale,
        "t": motion.translation,
        **degrees,
    }
    return {name: value.numpy().astype(np.float32) for name, value in values.items()}


def binned(degrees, first_deg=-97.5, sharpness=4.0):
    """(N, 66) logits of a bell whose middle lies at the degrees: bin k is at first + 3 k."""
    places = first_deg + 3.0 * np.arange(66)
    return -((places - degrees) ** 2) / (2 * sharpness**2)


def rows_of(columns, order):
    return np.concatenate([columns[name] for name in order], axis=1)


ORDERS = {
    "joyvasa": ("exp", "scale", "t", *ANGLES),
    "moda": ("exp", "scale", "t", *ANGLES),
    "ditto": ("scale", *ANGLES, "t", "exp"),
    "kdtalker": ("scale", "yaw", "pitch", "roll", "t", "exp"),
}


def program_rows(motion, layout, bins=False):
    """One row of numbers a frame, in the program's order; Ditto always has bins."""
    columns = columns_of(motion)
    if bins or layout == "ditto":
        columns |= {angle: binned(columns[angle]) for angle in ANGLES}
    if layout == "ditto":
        columns["scale"] = columns["scale"] - 1
    return rows_of(columns, ORDERS[layout]).astype(np.float32)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def torch_file(content):
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def expression_file(fields, module="ComfyUI-AdvancedLivePortrait.nodes", protocol=4):
    """A pickled object of a class in a module that is there only while it is written."""
    package, made = types.ModuleType(module.rpartition(".")[0]), types.ModuleType(module)
    made.ExpressionSet = type("ExpressionSet", (), {"__module__": module})
    sys.modules |= {package.__name__: package, module: made}
    try:
        record = made.ExpressionSet()
        vars(record).update(fields)
        return pickle.dumps(record, protocol)
    finally:
        del sys.modules[module], sys.modules[package.__name__]
