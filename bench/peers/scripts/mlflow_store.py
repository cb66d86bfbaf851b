"""Measures MLflow's tracking server on PostgreSQL: searching runs, comparing them and writing metric points.

The server's own store fills the database, since its REST API would take hours. What is measured goes through the REST
API, as the requests of a page and of a training script do.
"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
from measuring import print_result
from mlflow.entities import Metric, Param, RunStatus
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

METRICS = ("train.loss", "train.top1", "validation.loss", "validation.top1", "learning_rate")
LEARNING_RATES = ("1", "0.1", "0.01", "0.001", "0.0001")
ARCHITECTURES = ("VGG11", "VGG13", "VGG16", "VGG19")
COMPARED_RUNS = 10
BATCH_POINTS = 1000
WRITERS = 4
START_SECONDS = 600


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="postgresql:// address of an empty database")
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--points-per-run", type=int, default=100)
    parser.add_argument("--calls", type=int, default=50, help="calls per measured time")
    parser.add_argument("--seconds", type=int, default=20, help="seconds in which points are written")
    return parser.parse_args()


class Server:
    """An MLflow server on a free port of the loopback interface."""

    def __init__(self, database: str, folder: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = ["-m", "mlflow", "server", "--backend-store-uri", database, "--artifacts-destination", folder]
        command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "2"]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([sys.executable, *command], stdout=self.log, stderr=self.log)

    def __enter__(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health").read()
                return self
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    self.log.seek(0)
                    raise RuntimeError(f"MLflow's server did not start: {self.log.read()[-500:]}") from None
                time.sleep(0.2)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def post(self, path: str, body: dict) -> dict:
        request = urllib.request.Request(
            f"{self.url}/api/2.0/mlflow/{path}",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def histories(self, run_ids: list[str], key: str) -> dict:
        """The request with which MLflow's page draws one metric of several runs."""
        query = [*(("run_ids", run_id) for run_id in run_ids), ("metric_key", key), ("max_results", "320")]
        url = f"{self.url}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url) as response:
            return json.load(response)


def fill(store: SqlAlchemyStore, experiment: str, runs: int, points: int) -> list[str]:
    steps = max(1, points // len(METRICS))

    def insert(number: int) -> str:
        run = store.create_run(experiment, "bench", number, [], f"run-{number}")
        level = random.Random(number).random()
        metrics = [
            Metric(key, 2 - level - step / 1e6 if key.endswith("loss") else level + step / 1e6, number, step)
            for key in METRICS
            for step in range(1, steps + 1)
        ]
        parameters = [
            Param("architecture", ARCHITECTURES[number % len(ARCHITECTURES)]),
            Param("learning_rate", LEARNING_RATES[number % len(LEARNING_RATES)]),
            Param("batch_size", str(8 << number % 4)),
        ]
        for start in range(0, len(metrics), BATCH_POINTS):
            store.log_batch(run.info.run_id, metrics[start : start + BATCH_POINTS], parameters, [])
        store.update_run_info(run.info.run_id, RunStatus.FINISHED, number + 1, None)
        return run.info.run_id

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(insert, range(runs)))


def measure(calls: int, call) -> tuple[float, float]:
    """Returns the median and the 95th percentile of the times of `call(number)`, in milliseconds."""
    milliseconds = []
    for number in range(calls):
        started = time.perf_counter()
        call(number)
        milliseconds.append((time.perf_counter() - started) * 1000)
    return statistics.median(milliseconds), statistics.quantiles(milliseconds, n=20)[-1]


def points_of(first_step: int) -> list[dict]:
    steps = range(first_step, first_step + BATCH_POINTS)
    return [{"key": "batch.loss", "value": 1 / step, "timestamp": step, "step": step} for step in steps]


def write_for(server: Server, run_id: str, seconds: int) -> int:
    deadline, written = time.perf_counter() + seconds, 0
    while time.perf_counter() < deadline:
        server.post("runs/log-batch", {"run_id": run_id, "metrics": points_of(1_000_000 + written)})
        written += BATCH_POINTS
    return written


def main() -> None:
    arguments = parse_arguments()
    # SQLAlchemy's default driver depends on its version.
    database = re.sub("^postgres(ql)?://", "postgresql+psycopg2://", arguments.database)
    with tempfile.TemporaryDirectory() as folder:
        store = SqlAlchemyStore(database, folder)
        experiment = store.create_experiment("bench")
        run_ids = fill(store, experiment, arguments.runs, arguments.points_per_run)
        with Server(database, folder) as server:
            print_result(
                version=f"MLflow {mlflow.__version__}",
                runs=len(run_ids),
                **times_of(server, experiment, run_ids, arguments),
            )


def times_of(server: Server, experiment: str, run_ids: list[str], arguments: argparse.Namespace) -> dict:
    def search(number: int) -> None:
        threshold = 0.5 - number % 50 / 1000
        rate = LEARNING_RATES[number % len(LEARNING_RATES)]
        found = server.post(
            "runs/search",
            {
                "experiment_ids": [experiment],
                "filter": f"metrics.`validation.top1` >= {threshold} and params.learning_rate = '{rate}'",
                "order_by": ["metrics.`validation.top1` DESC"],
                "max_results": 50,
            },
        )
        if not found.get("runs"):
            raise RuntimeError("The search found no runs.")

    def compare(number: int) -> None:
        places = (number * 37 + index * len(run_ids) // COMPARED_RUNS for index in range(COMPARED_RUNS))
        compared = [run_ids[place % len(run_ids)] for place in places]
        for key in METRICS:
            if not server.histories(compared, key)["metrics"]:
                raise RuntimeError(f"The runs have no history of {key}.")

    def write_batch(number: int) -> None:
        server.post(
            "runs/log-batch", {"run_id": run_ids[0], "metrics": points_of(1 + number * BATCH_POINTS)}
        )

    search(0)
    search_p50, search_p95 = measure(arguments.calls, search)
    compare_p50, compare_p95 = measure(arguments.calls, compare)
    batch_p50, batch_p95 = measure(arguments.calls, write_batch)
    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        writing = [
            pool.submit(write_for, server, run_id, arguments.seconds) for run_id in run_ids[1 : WRITERS + 1]
        ]
        written = sum(future.result() for future in writing)
    return {
        "searchP50Ms": search_p50,
        "searchP95Ms": search_p95,
        "compareP50Ms": compare_p50,
        "compareP95Ms": compare_p95,
        "batchP50Ms": batch_p50,
        "batchP95Ms": batch_p95,
        "pointsPerSecond": written / (time.perf_counter() - started),
    }


if __name__ == "__main__":
    main()
