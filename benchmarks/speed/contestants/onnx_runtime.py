"""ONNX Runtime, which predicts only.

Tuned: all graph optimizations; the number of threads and the size of blocks that are fastest.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import onnxruntime

from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Work

OPSET = 17
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def model_of(work: Work) -> bytes:
    """The network as Gemm and activation nodes."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, weights, previous = [], [], "X"
    start = work.start()
    for layer, (W, b) in enumerate(start, start=1):
        weights += [numpy_helper.from_array(W, f"W{layer}"), numpy_helper.from_array(b, f"b{layer}")]
        nodes.append(helper.make_node("Gemm", [previous, f"W{layer}", f"b{layer}"], [f"Z{layer}"], transB=1))
        activation = "Sigmoid" if layer == len(start) else ACTIVATIONS[work.hidden]
        nodes.append(helper.make_node(activation, [f"Z{layer}"], [f"A{layer}"]))
        previous = f"A{layer}"
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["rows", work.sizes[0]])],
        [helper.make_tensor_value_info(previous, TensorProto.FLOAT, ["rows", work.sizes[-1]])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    checker.check_model(model)
    return model.SerializeToString()


def predict(work: Work, examples: Examples, threads: int) -> Ways:
    model = model_of(work)

    def session_of(count: int, rows: int) -> Runner:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = count, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        name = session.get_outputs()[0].name
        X = examples.X

        def run() -> np.ndarray:
            if rows >= work.rows:
                return session.run([name], {"X": X})[0]
            blocks = range(0, work.rows, rows)
            return np.concatenate([session.run([name], {"X": X[i : i + rows]})[0] for i in blocks])

        return Runner(run, lambda outputs: outputs)

    blocks = (work.rows,) if work.rows == 1 else (work.rows, 16_384, 2_048)
    return {
        f"{count} threads, blocks of {rows}": partial(session_of, count, rows)
        for count in sorted({1, threads})
        for rows in blocks
    }
