#!/bin/bash
# Build examples/shop.tar, the image of the README: a small web shop with old dependencies, from real
# packages of Debian 12, PyPI and npm, laid out as distroless images are (status.d, no shell).
#
#   examples/build.sh [PROJECT [TAG [FILE]]]    (on Debian 12; needs umoci, skopeo, npm, pip, apt-get)
#
# shop-fixed.tar is built from the project after `scantling fix --apply` (docs/tutorial/gate.md):
#
#   cp -r examples/shop fixed
#   scantling fix examples/shop.tar --project fixed --apply
#   examples/build.sh fixed shop:1.1 examples/shop-fixed.tar
#
# Entries are sorted, owned by root and dated 2026-01-01, so that the same packages give the same image.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "${1:-$here/shop}" && pwd)
tag=${2:-shop:1.0}
file=$(realpath "${3:-$here/shop.tar}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$work/oci:latest

layer() { # layer FOLDER "instruction"
  find "$1" -name __pycache__ -prune -exec rm -rf {} +
  tar --sort=name --mtime=2026-01-01T00:00Z --owner=0 --group=0 --numeric-owner --pax-option=delete=atime,delete=ctime \
    -C "$1" -cf "$work/layer.tar" .
  umoci raw add-layer --image "$image" --history.created="2026-01-01T00:00:00Z" --history.author="" \
    --history.created_by="$2" "$work/layer.tar"
}

deb() { # deb FOLDER PACKAGE…: unpack packages and describe them in status.d, as distroless does
  local root=$1 file name; shift
  mkdir -p "$root/var/lib/dpkg/status.d" "$work/debs"
  (cd "$work/debs" && apt-get download -q=2 "$@")
  for name in "$@"; do
    file=$(ls "$work/debs/${name}"_*.deb)
    dpkg-deb -x "$file" "$root"
    dpkg-deb -f "$file" > "$root/var/lib/dpkg/status.d/$name"
    dpkg-deb -I "$file" md5sums > "$root/var/lib/dpkg/status.d/$name.md5sums"
  done
  rm -rf "$root/usr/share/man" "$root/usr/share/locale"
}

umoci init --layout "$work/oci"
umoci new --image "$image"

mkdir "$work/base" "$work/tools" "$work/python" "$work/node" "$work/app"
deb "$work/base" base-files netbase media-types
layer "$work/base" "ADD rootfs.tar / # debian bookworm"

deb "$work/tools" gosu
layer "$work/tools" "RUN /bin/sh -c apt-get install gosu # buildkit"

python3 -m pip install -q --no-deps --no-compile --only-binary :all: --target "$work/python/app/lib" -r "$project/requirements.txt"
rm -rf "$work/python/app/lib/bin"
layer "$work/python" "RUN /bin/sh -c pip install --target /app/lib -r requirements.txt # buildkit"

mkdir -p "$work/node/app/web"
python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), separators=(",", ":")))' \
  < "$project/web/package.json" > "$work/node/app/web/package.json"
(cd "$work/node/app/web" && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error)
rm -f "$work/node/app/web/node_modules/.package-lock.json"
layer "$work/node" "RUN /bin/sh -c npm install # buildkit"

mkdir -p "$work/app/app"
cp "$project/app.py" "$work/app/app/"
layer "$work/app" "COPY app.py /app/ # buildkit"

umoci config --image "$image" --created="2026-01-01T00:00:00Z" --config.user 1000 --config.entrypoint gosu \
  --config.cmd app --config.env PYTHONPATH=/app/lib --author "" --no-history
skopeo copy -q --insecure-policy "oci:$image" "oci:$work/shop:$tag"
tar --sort=name --mtime=2026-01-01T00:00Z --owner=0 --group=0 --numeric-owner -C "$work/shop" -cf "$file" oci-layout index.json blobs
ls -l "$file"
