"""Runs Retort and its peers in turn on the same works and prints a markdown table.

    compare.py --ours MEASURE [WORK ...] [--rounds 3] [--seconds 6] [--threads 2] [--images FOLDER]

MEASURE is the built executable `measure`; WORK is KIND/NETWORK or KIND/NETWORK@BATCH, by default all of works.py;
`augment/all` stands for every augmentation of augmentations.py at 224 pixels. A peer that has several modes is tried in
each, and runs in the fastest. In every round each side is a process of its own, and the side that goes first changes. A
ratio is that of one round; the table gives the median (least – most) of the rounds.
Training is also measured on one thread, and its peak resident memory compared with PyTorch's in its plainest mode.
Augmentation and the decoding of photographs are compared on one thread, and measured on --threads too.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys

from works import MODES, WORKS

PEER = [sys.executable, str(pathlib.Path(__file__).with_name("peer.py"))]
# Each side's libraries choose their kernels by themselves.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def run(command, batch, threads, seconds):
    """One process's answer: the JSON object in the last line that it prints."""
    command = [*command, "--batch", str(batch), "--threads", str(threads), "--seconds", str(seconds)]
    print("running", *(pathlib.Path(part).name if os.path.isabs(part) else part for part in command), file=sys.stderr)
    result = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not lines:
        sys.exit(f"{' '.join(command)}: exit {result.returncode}\n{result.stderr[-2000:]}")
    return json.loads(lines[-1])


def in_turn(sides, rounds):
    """What each side answers in each round; the first becomes the last from round to round."""
    answers = {name: [] for name in sides}
    for index in range(rounds):
        names = list(sides)
        start = index % len(names)
        for name in names[start:] + names[:start]:
            answers[name].append(sides[name]())
    return answers


def spread(ratios):
    return f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} – {max(ratios):.2f})"


def row(work, options):
    name, _, batch = work.partition("@")
    kind, batch = name.partition("/")[0], int(batch or 64)
    images = ["--images", options.images] if kind == "photographs" else []
    ours, seconds = [options.ours, name, *images], options.seconds
    threads = 1 if kind in ("augment", "photographs") else options.threads
    modes = MODES[kind]
    peer = [*PEER, name]
    trials = {m: run([*peer, m, *images], batch, threads, seconds / 2) for m in modes} if len(modes) > 1 else {}
    mode = max(trials, key=lambda m: trials[m]["images_per_s"]) if trials else modes[0]
    sides = {
        "ours": lambda: run(ours, batch, threads, seconds),
        "peer": lambda: run([*peer, mode, *images], batch, threads, seconds),
    }
    if kind == "train":
        sides["alone"] = lambda: run(ours, batch, 1, seconds)
    elif kind in ("augment", "photographs"):
        sides["together"] = lambda: run(ours, batch, options.threads, seconds)
    answers = in_turn(sides, options.rounds)
    rates = {side: [answer["images_per_s"] for answer in answers[side]] for side in sides}

    def ratios(a, b):
        return [x / y for x, y in zip(rates[a], rates[b])]

    speed_up = memory = "–"
    if kind == "train":
        speed_up = spread(ratios("ours", "alone"))
        peak = max(answer["peak_kilobytes"] for answer in answers["ours"])
        plain = trials[modes[0]]["peak_kilobytes"]
        memory = f"**{peak / plain:.2f}** ({peak / 1024:.0f} / {plain / 1024:.0f} MiB)"
    elif kind in ("augment", "photographs"):
        speed_up = spread(ratios("together", "ours"))
    return [name, str(batch), f"{statistics.median(rates['ours']):,.0f}", f"{statistics.median(rates['peer']):,.0f}",
            mode, spread(ratios("ours", "peer")), speed_up, memory]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", nargs="*", default=WORKS)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", help="photographs: a folder with a folder of JPEG files for each class")
    options = parser.parse_args()
    if "augment/all" in options.work:
        from augmentations import TRANSFORMS

        options.work = [f"augment/{name}224" for name in TRANSFORMS]
    for work in options.work:
        if work.partition("/")[0] not in MODES:
            parser.error(f"{work} is no work of a peer; there are {', '.join(WORKS)}")
    simd = run([options.ours, "infer/cnn16"], 1, 1, 0.1)["simd"]
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("torch", "onnxruntime", "albumentations"))
    print(f"{simd}, {options.threads} threads, {options.rounds} rounds of {options.seconds:g} s; {versions}.\n")
    columns = ["work", "batch", "ours, images/s", "peer, images/s", "peer's mode", "ours / peer",
               f"1 → {options.threads} threads", "peak memory, ours / eager"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for work in options.work:
        print(f"| {' | '.join(row(work, options))} |", flush=True)


if __name__ == "__main__":
    main()
