#!/usr/bin/env python3
"""Reads a run's exports back with the tools they are for: TensorBoard's EventAccumulator and Perfetto's own messages.

Usage: scripts/check-exports.py UNDERSTUDY RUN [--runs DIR]     (pip install tensorboard perfetto)

Every scalar must come back as the table of steps has it; every slice of the Perfetto trace must close, in order, on its
own track, and every flow must have two ends; Chrome's JSON must hold the same slices. Refuses to judge looks.
"""
import argparse, collections, csv, io, json, pathlib, subprocess, tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("understudy")
parser.add_argument("run")
parser.add_argument("--runs", default="runs")
options = parser.parse_args()

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = pathlib.Path(tempfile.mkdtemp())


def export(form, name=None):
    command = [options.understudy, "export", options.run, "--runs", options.runs, "--to", form]
    return subprocess.run(command + (["-o", folder / name] if name else []), check=True, stdout=subprocess.PIPE).stdout


rows = list(csv.DictReader(io.StringIO(export("csv").decode())))
export("tensorboard", "tb")
points = 0
for path in sorted(folder.glob("tb/seg-*")):
    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0})
    accumulator.Reload()
    mine = [row for row in rows if int(row["segment"]) == int(path.name[4:])]
    for tag, column in [("train/loss", "loss"), ("train/gradient_norm", "grad_norm"), ("train/learning_rate", "learning_rate")]:
        scalars = accumulator.Scalars(tag)
        assert [s.step for s in scalars] == [int(row["step"]) for row in mine], f"{path}: steps of {tag}"
        for scalar, row in zip(scalars, mine):
            assert abs(scalar.value - float(row[column])) <= 1e-6 * abs(scalar.value), f"{path}: {tag} at {row['step']}"
        points += len(scalars)
assert points == 3 * len(rows), f"{points} scalars for {len(rows)} steps"

trace = Trace()
trace.ParseFromString(export("perfetto"))
tracks = {p.track_descriptor.uuid for p in trace.packet if p.HasField("track_descriptor")}
open_slices, mark, flows, kinds = collections.Counter(), {}, collections.Counter(), collections.Counter()
for packet in trace.packet:
    if not packet.HasField("track_event"):
        continue
    event = packet.track_event
    kinds[event.type] += 1
    assert event.track_uuid in tracks, "an event on no track"
    if event.type in (TrackEvent.TYPE_SLICE_BEGIN, TrackEvent.TYPE_SLICE_END):
        assert packet.timestamp >= mark.get(event.track_uuid, 0), "time runs backwards on a track"
        mark[event.track_uuid] = packet.timestamp
        open_slices[event.track_uuid] += 1 if event.type == TrackEvent.TYPE_SLICE_BEGIN else -1
        assert open_slices[event.track_uuid] >= 0, "a slice ends that was not begun"
    for flow in event.flow_ids:
        flows[flow] |= 1
    for flow in event.terminating_flow_ids:
        flows[flow] |= 2
assert not any(open_slices.values()), "a slice does not end"
assert all(ends == 3 for ends in flows.values()), "a flow has one end only"

chrome = json.loads(export("chrome"))["traceEvents"]
complete = sum(event["ph"] == "X" for event in chrome)
assert complete == kinds[TrackEvent.TYPE_SLICE_BEGIN], "the two traces differ"
print(f"{points} scalars, {complete} slices, {kinds[TrackEvent.TYPE_COUNTER]} samples, {len(flows)} flows read back")
