"""The programs that the scripts of this folder measure, and how each is run."""

import json
import os
import pathlib
import statistics
import subprocess
import sys

# Before NumPy or PyTorch is loaded: one thread a process.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/release/bin"


def program(name, path=None):
    path = path or str(BIN / name)
    if not os.access(path, os.X_OK):
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: no {path}: build {name} with the release preset")
    return path


def import_torch():
    try:
        import torch
    except ImportError:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: PyTorch is not installed (Debian: python3-torch, libopenblas-dev)")
    torch.set_num_threads(1)
    return torch


def bench_train(path, model, batch, seconds, examples, threads=1, trials=1, repetitions=1):
    command = [path, "--model", model, "--batch", str(batch), "--threads", str(threads), "--trials", str(trials)]
    command += ["--seconds", str(seconds), "--repetitions", str(repetitions), "--examples", str(examples)]
    command += ["--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def summary(ratios):
    """Median, least and greatest of the rounds' ratios."""
    return {
        "ratio": round(statistics.median(ratios), 2),
        "min_ratio": round(min(ratios), 2),
        "max_ratio": round(max(ratios), 2),
    }
