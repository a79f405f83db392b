#!/usr/bin/env bash
# From a fresh clone to a trained network: packages, a release build, training on drawn digits, and the table that
# compares the three ways of running the same graph.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/packages.sh
cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DNNC_BUILD_TESTS=OFF >/dev/null
cmake --build build

echo
echo "== train examples/digits.nn"
build/bin/nnc train examples/digits.nn -o build/digits.safetensors
echo
echo "== the training step, three ways"
build/bin/nnc bench examples/digits.nn
