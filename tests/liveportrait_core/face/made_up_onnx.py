from pathlib import Path

import numpy as np
import pytest


def write_network(path: Path, shape, outputs):
    """A .onnx file that gives the same outputs whatever comes in."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes, infos = [], []
    for number, values in enumerate(outputs):
        constant = onnx.numpy_helper.from_array(np.asarray(values, np.float32))
        nodes.append(helper.make_node("Constant", [], [f"out{number}"], value=constant))
        infos.append(helper.make_tensor_value_info(f"out{number}", kind, np.shape(values)))
    given = helper.make_tensor_value_info("input", kind, shape)
    graph = helper.make_graph(nodes, "made", [given], infos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path
