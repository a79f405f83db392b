#!/usr/bin/env python3
"""Training steps of nnc beside PyTorch's and NumPy's, in turns, as Markdown tables of milliseconds and ratios; with
--modes, every example run in nnc's three modes. A peer that is not installed is a column that is left out."""
import argparse
import array
import json
import os
import pathlib
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def write_npy(path, type_code, descr, values, shape):
    """An array as NumPy's format version 1.0 has it, without NumPy."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = array.array(type_code, values).tobytes()
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def write_samples(folder, samples, features, classes):
    folder.mkdir()
    draw = random.Random(0)
    write_npy(folder / "x.npy", "f", "<f4", [draw.gauss(0, 1) for _ in range(samples * features)],
              (samples, features))
    write_npy(folder / "label.npy", "i", "<i4", [draw.randrange(classes) for _ in range(samples)], (samples,))
    return folder


def median_ms(step, seconds):
    """Steps until the time is up, at least three after two that warm up."""
    for _ in range(2):
        step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


# --- nnc ---

class Nnc:
    name = "nnc"

    def __init__(self, tool, threads, folder):
        self.tool, self.threads, self.folder = tool, threads, folder

    def run(self, *arguments):
        command = [self.tool, *arguments, "--threads", str(self.threads), "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def bench(self, file, data, seconds, modes="fused"):
        extra = ["--data", data] if data else []
        return self.run("bench", file, *extra, "--modes", modes, "--seconds", str(seconds))

    def prepare(self, workload):
        data = None
        if workload.samples:
            data = self.folder / workload.model
            if not data.exists():
                write_samples(data, *workload.samples)
        file = ROOT / workload.path
        if workload.epoch:
            return lambda seconds: 1e3 * statistics.median(
                e["seconds"] for e in self.run("train", file, "--epochs", "3")[1:])
        return lambda seconds: self.bench(file, data, seconds)[0]["ms_per_step"]


# --- PyTorch ---

class Torch:
    name = "PyTorch"

    def __init__(self, threads):
        import torch

        # Adam's moments decay into denormal numbers, which nnc leaves out too: its epochs would take twice as long.
        torch.set_flush_denormal(True)
        self.torch = torch
        torch.set_num_threads(threads)
        torch.manual_seed(0)

    def net(self, sizes):
        nn = self.torch.nn
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def stepper(self, net, loss, optimizer):
        def step(x, y):
            optimizer.zero_grad()
            value = loss(net(x), y)
            value.backward()
            optimizer.step()
            return value
        return step

    def optimizer(self, workload, net):
        return (self.torch.optim.Adam(net.parameters(), lr=1e-3) if workload.adam else
                self.torch.optim.SGD(net.parameters(), lr=0.01))

    def prepare(self, workload):
        t = self.torch
        if workload.line:
            net = t.nn.Linear(1, 1, bias=False).double()
            x = t.rand(workload.batch, 1, dtype=t.double)
            step = self.stepper(net, t.nn.functional.mse_loss, self.optimizer(workload, net))
            return lambda seconds: median_ms(lambda: step(x, 3 * x), seconds)
        net = self.net(workload.sizes)
        step = self.stepper(net, t.nn.functional.cross_entropy, self.optimizer(workload, net))
        if workload.epoch:
            return lambda seconds: self.epoch(workload, net, step)
        x = t.randn(workload.batch, workload.sizes[0])
        y = t.randint(0, workload.sizes[-1], (workload.batch,))
        return lambda seconds: median_ms(lambda: step(x, y), seconds)

    def epoch(self, workload, net, step):
        t, n, batch = self.torch, workload.epoch, workload.batch
        x, y = t.rand(n, workload.sizes[0]), t.randint(0, workload.sizes[-1], (n,))
        begin, order, total = time.perf_counter(), t.randperm(n), 0.0
        for i in range(0, n, batch):
            rows = order[i:i + batch]
            total += step(x[rows], y[rows]).item() * len(rows)
        return (time.perf_counter() - begin) * 1e3


# --- NumPy ---

class NumPy:
    name = "NumPy"

    def __init__(self, threads):
        import numpy
        self.np = numpy

    def prepare(self, workload):
        if workload.line or workload.epoch or not workload.adam:
            return None
        step = self.mlp_step(workload.sizes, workload.batch)
        return lambda seconds: median_ms(step, seconds)

    def mlp_step(self, sizes, batch):
        """Forward, backward and Adam by hand, in f32."""
        np = self.np
        rng = np.random.default_rng(0)
        weights = [rng.standard_normal((a, b), np.float32) * np.float32((2 / a) ** 0.5)
                   for a, b in zip(sizes, sizes[1:])]
        state = [[p, np.zeros_like(p), np.zeros_like(p)]
                 for p in weights + [np.zeros(b, np.float32) for b in sizes[1:]]]
        x = rng.standard_normal((batch, sizes[0]), np.float32)
        wanted = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], batch)]
        layers, count = len(weights), [0]

        def gradients():
            inputs = [x]
            for i in range(layers):
                z = inputs[-1] @ state[i][0] + state[layers + i][0]
                inputs.append(np.maximum(z, 0) if i + 1 < layers else z)
            e = np.exp(inputs[-1] - inputs[-1].max(1, keepdims=True))
            g = (e / e.sum(1, keepdims=True) - wanted) / np.float32(batch)
            out = [None] * (2 * layers)
            for i in reversed(range(layers)):
                out[i], out[layers + i] = inputs[i].T @ g, g.sum(0)
                if i:
                    g = (g @ state[i][0].T) * (inputs[i] > 0)
            return out

        def step():
            count[0] += 1
            f = np.float32
            for (p, m, v), g in zip(state, gradients()):
                m *= f(0.9)
                m += f(0.1) * g
                v *= f(0.999)
                v += f(0.001) * g * g
                rate = f(1e-3 / (1 - 0.9 ** count[0]))
                p -= rate * m / (np.sqrt(v / f(1 - 0.999 ** count[0])) + f(1e-8))
        return step


# --- what is run ---

class Workload:
    def __init__(self, name, path, sizes=(), batch=0, adam=True, classes=0, epoch=0, line=False):
        self.name, self.path, self.sizes, self.batch, self.adam = name, path, sizes, batch, adam
        self.epoch, self.line, self.model = epoch, line, pathlib.Path(path).stem
        self.samples = (max(batch, 64), sizes[0], sizes[-1]) if sizes and not epoch else None


MLP, WIDE = (784, 128, 64, 10), (1024,) * 5
WORKLOADS = [
    Workload("784-128-64-10, batch 64, Adam", "tools/bench/mlp.nn", MLP, 64),
    Workload("the same, batch 1, SGD", "tools/bench/mlp_batch1.nn", MLP, 1, adam=False),
    Workload("1024-1024-1024-1024-1024, batch 256, Adam", "tools/bench/wide_mlp.nn", WIDE, 256),
    Workload("y = wx, 100 points, full batch", "examples/linear_regression.nn", batch=100, adam=False,
             line=True),
    Workload("an epoch of 60000 images, 784-128-64-10, batch 64", "tools/bench/epoch.nn", MLP, 64, epoch=60000),
]


def contestants(options, folder):
    out = [Nnc(options.tool, options.threads, folder)]
    for peer, package in ((Torch, "python3-torch"), (NumPy, "python3-numpy")):
        try:
            out.append(peer(options.threads))
        except ImportError:
            print(f"{peer.name} is not installed (Debian: {package}): its column is left out", file=sys.stderr)
    return out


def number(ms):
    return f"{ms:.5f}" if ms < 0.01 else f"{ms:.4f}" if ms < 0.1 else f"{ms:.3f}" if ms < 10 else f"{ms:.1f}"


def print_table(header, rows):
    print("| " + " | ".join(header) + " |\n| --- |" + " ---: |" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def compare(options, folder):
    """Milliseconds of every contestant, medians over rounds in which each takes its turn."""
    all_ = contestants(options, folder)
    header = [f"ms, {options.threads} thread{'s' if options.threads > 1 else ''}", "nnc"]
    for peer in all_[1:]:
        header += [peer.name, f"{peer.name} / nnc"]
    rows = []
    for w in WORKLOADS:
        if options.only and options.only not in w.name:
            continue
        ready = [c.prepare(w) for c in all_]
        times = [[] for _ in all_]
        for _ in range(options.rounds):
            for run, out in zip(ready, times):
                if run:
                    out.append(run(options.seconds))
        medians = [statistics.median(t) if t else None for t in times]
        row = [w.name, number(medians[0])]
        for m in medians[1:]:
            row += [number(m), f"{m / medians[0]:.1f} ×"] if m else ["", ""]
        rows.append(row)
    print_table(header, rows)


def data_of(example, folder):
    """Where the example's data lie: None needs none, False is not there."""
    found = re.search(r'^\s*data\s+(csv|idx|npy|text)\("([^"]+)"', example.read_text(), re.M)
    if not found or (example.parent / found[2]).exists():
        return None
    return bool(folder) and (folder / found[2]).exists() and folder / found[2]


def compare_modes(options, folder):
    """Every example in the three modes."""
    nnc = Nnc(options.tool, options.threads, folder)
    rows = []
    for example in sorted((ROOT / "examples").glob("*.nn")):
        if options.only and options.only not in example.stem:
            continue
        data = data_of(example, options.data)
        if data is False:
            print(f"{example.name}: its data are not in --data FOLDER", file=sys.stderr)
            continue
        times = {mode: [] for mode in ("interpreted", "unfused", "fused")}
        for _ in range(options.rounds):
            for line in nnc.bench(example, data, options.seconds, ",".join(times)):
                times[line["mode"]].append(line["ms_per_step"])
        i, u, f = (statistics.median(t) for t in times.values())
        rows.append([example.stem, number(i), number(u), number(f), f"{i / u:.0f} ×", f"{u / f:.2f} ×"])
    print_table([f"ms, {options.threads} thread{'s' if options.threads > 1 else ''}", "interpreted", "unfused",
                 "fused", "interpreted / unfused", "unfused / fused"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build/bin/nnc", help="the nnc to time")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="turns that each contestant takes")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a turn")
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--modes", action="store_true", help="nnc's three modes on every example instead")
    parser.add_argument("--data", type=pathlib.Path, help="folder with the data sets that examples name")
    options = parser.parse_args()
    if options.threads < 1 or options.rounds < 1:
        parser.error("--threads and --rounds are at least 1")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)  # read when the peers are imported
    if not options.tool.exists():
        parser.error(f"there is no {options.tool}: build it first")
    with tempfile.TemporaryDirectory() as folder:
        (compare_modes if options.modes else compare)(options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
