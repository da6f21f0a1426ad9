"""A plain Python program, with stubs generated from the protos, submits a sweep and reads its results.

Usage: python_client_test.py --server PROGRAM --worker PROGRAM --protos DIR
Exit code 77: a package that it needs is not installed, and nothing was tested.
"""

import argparse
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import google.protobuf  # noqa: F401
    import grpc
except ImportError as missing:
    print(f"skipped: {missing} (Debian: python3-grpcio, python3-protobuf)")
    sys.exit(77)


def generate_stubs(protos: pathlib.Path, into: pathlib.Path) -> None:
    """Those of `python3 -m grpc_tools.protoc`, by the programs that it wraps: Debian 12's grpc_tools is too old."""
    plugin = shutil.which("grpc_python_plugin")
    if plugin is None or shutil.which("protoc") is None:
        print("skipped: no protoc or no grpc_python_plugin (Debian: protobuf-compiler, protobuf-compiler-grpc)")
        sys.exit(77)
    command = ["protoc", f"-I{protos}", f"--plugin=protoc-gen-grpc_python={plugin}"]
    command += [f"--python_out={into}", f"--grpc_python_out={into}"]
    command += sorted(str(path.relative_to(protos)) for path in protos.glob("basin/v1/*.proto"))
    subprocess.run(command, cwd=protos, check=True)
    sys.path.insert(0, str(into))


def await_line(path: pathlib.Path, process: subprocess.Popen) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and (line := path.read_text().strip()):
            return line
        time.sleep(0.02)
    raise RuntimeError(f"no server: exit code {process.poll()}")


def digits_sweep(sweep_pb2, workload_pb2, dataset_pb2, model_pb2, domain_pb2):
    """Two learning rates, three seeds, on the embedded digits."""
    train = workload_pb2.TrainWorkload(
        dataset=dataset_pb2.Dataset(name="digits"),
        model=model_pb2.Model(mlp=model_pb2.Mlp(hidden=[16])),
        epochs=3,
        batch_size=32,
    )
    rates = domain_pb2.Values(values=[domain_pb2.Value(double_value=rate) for rate in (0.01, 0.1)])
    return sweep_pb2.SweepSpec(
        name="from-python",
        objective=sweep_pb2.Objective(minimize="val_loss"),
        seeds=sweep_pb2.Seeds(count=3),
        base=workload_pb2.Workload(train=train),
        domains=[domain_pb2.Domain(path="train.learning_rate", values=rates)],
    )


def check(stub, service, spec, sweep_pb2) -> None:
    sweep = stub.CreateSweep(service.CreateSweepRequest(spec=spec, request_id="python-1"), timeout=30).sweep
    again = stub.CreateSweep(service.CreateSweepRequest(spec=spec, request_id="python-1"), timeout=30).sweep
    assert again.id == sweep.id, "the same request id made another sweep"

    deadline = time.monotonic() + 120
    while sweep.state == sweep_pb2.SWEEP_STATE_RUNNING and time.monotonic() < deadline:
        request = service.GetSweepRequest(sweep=sweep.id, known_revision=sweep.revision)
        request.wait.FromSeconds(10)
        sweep = stub.GetSweep(request, timeout=30).sweep
    assert sweep.state == sweep_pb2.SWEEP_STATE_FINISHED, sweep
    assert sweep.trials.succeeded == 6, sweep

    trials = stub.ListTrials(service.ListTrialsRequest(sweep=sweep.id), timeout=30).trials
    assert [trial.index for trial in trials] == list(range(6)), trials
    assert all(len(trial.weights_digest) == 64 for trial in trials), trials

    answer = stub.ListResults(service.ListResultsRequest(sweep=sweep.id), timeout=30)
    assert list(answer.param_paths) == ["train.learning_rate"], answer
    assert sorted(row.params[0] for row in answer.results) == ["0.01", "0.1"], answer
    assert [row.best for row in answer.results] == [True, False], answer
    for row in answer.results:
        values = [trial.objective for trial in trials if trial.config == row.config]
        assert row.objective.n == 3, row
        assert abs(row.objective.mean - sum(values) / 3) < 1e-12, row
    assert answer.results[0].objective.mean < answer.results[1].objective.mean, answer


def check_refusal(stub, service, spec) -> None:
    bad = type(spec)()
    bad.CopyFrom(spec)
    bad.base.train.batch_size = 0
    try:
        stub.CreateSweep(service.CreateSweepRequest(spec=bad), timeout=30)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        assert "batch_size" in error.details(), error
        assert "grpc-status-details-bin" in [key for key, _ in error.trailing_metadata()], error
    else:
        raise AssertionError("a batch size of 0 was accepted")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("server", "worker", "protos"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    processes = []
    with tempfile.TemporaryDirectory(prefix="basin-test-") as name:
        folder = pathlib.Path(name)
        stubs = folder / "stubs"
        stubs.mkdir()
        generate_stubs(args.protos.resolve(), stubs)
        names = ("sweep", "workload", "dataset", "model", "domain", "sweep_service")
        modules = [importlib.import_module(f"basin.v1.{name}_pb2") for name in names]
        *parts, service = modules
        sweep_pb2 = parts[0]
        service_grpc = importlib.import_module("basin.v1.sweep_service_pb2_grpc")
        try:
            data = folder / "data"
            data.mkdir()
            processes.append(subprocess.Popen([args.server, "--data-dir", data, "--listen", "127.0.0.1:0"]))
            address = await_line(data / "endpoint", processes[0])
            processes.append(subprocess.Popen([args.worker, "--server", address, "--slots", "2", "--data-dir", folder]))
            with grpc.insecure_channel(address) as channel:
                stub = service_grpc.SweepServiceStub(channel)
                spec = digits_sweep(*parts)
                check_refusal(stub, service, spec)
                check(stub, service, spec, sweep_pb2)
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in reversed(processes):
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
    print("a sweep submitted and read from Python")


if __name__ == "__main__":
    main()
