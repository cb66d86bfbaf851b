"""Writes events.tfevents with TensorBoard's own messages and its own writer of records."""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

SECONDS = 1_700_000_000.25
VALUES = [
    summary_pb2.Summary.Value(tag="validation/loss", simple_value=0.75),
    summary_pb2.Summary.Value(tag="train/loss", simple_value=float("inf")),
    summary_pb2.Summary.Value(
        tag="block1_conv1/kernel",
        histo=summary_pb2.HistogramProto(
            min=-1.5, max=2.5, num=10, sum=4.25, sum_squares=8.5, bucket_limit=[-0.5, 0.5, 1.5, 2.5], bucket=[1, 2, 3, 4]
        ),
    ),
    summary_pb2.Summary.Value(
        tag="pictures/0",
        image=summary_pb2.Summary.Image(height=64, width=64, colorspace=3, encoded_image_string=bytes(range(256))),
    ),
]

path = pathlib.Path(__file__).parent / "events.tfevents"
with path.open("wb") as file:
    writer = RecordWriter(file)
    events = [event_pb2.Event(wall_time=SECONDS, file_version="brain.Event:2")]
    for step in (5, 70_000):
        for value in VALUES:
            summary = summary_pb2.Summary(value=[value])
            events.append(event_pb2.Event(wall_time=SECONDS + step, step=step, summary=summary))
    for event in events:
        writer.write(event.SerializeToString())
