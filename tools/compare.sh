#!/usr/bin/env bash
# nnc beside its peers, in turns, as Markdown: products of matrices beside OpenBLAS, libxsmm and oneDNN, training steps
# beside PyTorch and NumPy with one thread and two, and every example in nnc's three modes. Builds what is missing. A peer
# that is not installed is left out; --install installs them all from the distribution's packages.
#
#   tools/compare.sh [--install] [--only gemm|steps|modes] [--data FOLDER] [--rounds N] [--seconds S]
#
# FOLDER holds the data sets that examples name (iris.csv, mnist/, …); an example whose data are missing is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' tools/compare.sh; }
fail() { echo "tools/compare.sh: $1" >&2; exit 2; }

packages=(python3-torch python3-numpy libdnnl-dev libxsmm-dev libopenblas0-pthread)
only=all data=() rounds=5 seconds=0.3 install=no
while [ $# -gt 0 ]; do
  case "$1" in
    --install) install=yes; shift ;;
    --only|--data|--rounds|--seconds)
      [ $# -gt 1 ] || fail "$1 wants a value"
      case "$1" in
        --only) only=$2 ;;
        --data)
          [ -d "$2" ] || fail "--data: there is no folder '$2'"
          data=(--data "$(realpath "$2")") ;;
        --rounds) rounds=$2 ;;
        --seconds) seconds=$2 ;;
      esac
      shift 2 ;;
    -h|--help) usage; exit 0 ;;
    *) fail "there is no option '$1'; see --help" ;;
  esac
done
[[ $only =~ ^(all|gemm|steps|modes)$ ]] || fail "--only is gemm, steps or modes, not '$only'"

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ] && [ $install = yes ]; then
  tools/packages.sh "${missing[@]}"
elif [ ${#missing[@]} -gt 0 ]; then
  echo "not installed: ${missing[*]} (--install does so)" >&2
fi

[ -f build/CMakeCache.txt ] || cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DNNC_BUILD_TESTS=OFF >/dev/null
[ $install = no ] || cmake -B build >/dev/null  # finds libxsmm
cmake --build build --target nnc nnc_compare_gemm >/dev/null

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors"
echo
if [[ $only =~ ^(all|gemm)$ ]]; then
  for form in NN NT TN; do
    build/bin/nnc_compare_gemm --markdown --form $form
    echo
  done
fi
# The distribution's packages are for the distribution's interpreter, which another may hide.
interpreter=python3
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import torch, numpy' 2>/dev/null; then interpreter=$candidate && break; fi
done
python=("$interpreter" tools/compare_steps.py --rounds "$rounds" --seconds "$seconds")
for threads in 1 2; do
  [ "$threads" -le "$(nproc)" ] || continue
  [[ $only =~ ^(all|steps)$ ]] && "${python[@]}" --threads $threads
  [[ $only =~ ^(all|modes)$ ]] && "${python[@]}" --threads $threads --modes "${data[@]}"
done
exit 0
