#!/usr/bin/env bash
# Builds and runs every test. `tools/test.sh asan` or `tools/test.sh tsan` does so under a sanitizer, in a build
# folder of its own. What needs real data sets skips where ../shared is absent, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
tools/packages.sh
cmake --preset "$preset" -DNNC_BUILD_TESTS=ON >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)"
