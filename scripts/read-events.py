#!/usr/bin/env python3
"""Prints what TensorBoard's own reader finds in a folder of events, as JSON: read-events.py DIR

{run: {"scalars": {tag: [[step, wall time, value], ...]}, "images": {tag: [[step, width, height, bytes], ...]},
"projector": [tensor names]}}. It needs the package tensorboard (pip install tensorboard).
"""

import json
import os
import sys

from google.protobuf import text_format
from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.plugins.projector import projector_config_pb2
from tensorboard.util import tensor_util


def read(folder):
    # 0 keeps every event.
    multiplexer = plugin_event_multiplexer.EventMultiplexer(
        size_guidance={"tensors": 0}, tensor_size_guidance={"scalars": 0, "images": 0}
    )
    multiplexer.AddRunsFromDirectory(folder)
    multiplexer.Reload()

    runs = {}
    for run in multiplexer.Runs():
        found = runs[run] = {"scalars": {}, "images": {}, "projector": []}
        for tag, metadata in multiplexer.AllSummaryMetadata()[run].items():
            plugin = metadata.plugin_data.plugin_name
            for event in multiplexer.Tensors(run, tag):
                value = tensor_util.make_ndarray(event.tensor_proto)
                if plugin == "scalars":
                    found["scalars"].setdefault(tag, []).append([event.step, event.wall_time, value.item()])
                elif plugin == "images":
                    width, height, image = value[:3]
                    found["images"].setdefault(tag, []).append([event.step, int(width), int(height), len(image)])

        config = os.path.join(folder, run, "projector_config.pbtxt")
        if os.path.exists(config):
            with open(config) as file:
                parsed = text_format.Parse(file.read(), projector_config_pb2.ProjectorConfig())
            found["projector"] = [e.tensor_name for e in parsed.embeddings]
    return runs


json.dump(read(sys.argv[1]), sys.stdout)
