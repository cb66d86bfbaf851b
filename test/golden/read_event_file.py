"""Prints as JSON what the reader behind TensorBoard's charts finds in a folder with a file of events."""

import json
import math
import sys

import numpy as np
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

# Sizes of 0: nothing is left out.
accumulator = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
accumulator.Reload()
found = {}
for tag in accumulator.Tags()["tensors"]:
    plugin = accumulator.SummaryMetadata(tag).plugin_data.plugin_name
    found[tag] = {"plugin": plugin, "values": []}
    for event in accumulator.Tensors(tag):
        value = make_ndarray(event.tensor_proto)
        # An image is its width, its height and the bytes of its file.
        if plugin == "images":
            content = [int(value[0]), int(value[1]), value[2][:8].hex()]
        else:
            content = np.asarray(value).tolist()
            # JSON has no word for what is no number.
            if isinstance(content, float) and not math.isfinite(content):
                content = str(content)
        found[tag]["values"].append({"step": event.step, "wallTime": event.wall_time, "value": content})
print(json.dumps(found))
