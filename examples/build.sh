#!/bin/bash
# Build examples/shop.tar, the image of the README: a small web shop with old dependencies, from real
# packages of Debian 12, PyPI and npm, laid out as distroless images are (status.d, no shell).
#
#   examples/build.sh            (as any user, on Debian 12; needs umoci, skopeo, npm, pip, apt-get)
#
# Entries are sorted, owned by root and dated 2026-01-01, so that the same packages give the same image.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
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

python3 -m pip install -q --no-deps --no-compile --only-binary :all: --target "$work/python/app/lib" \
  flask==0.12.2 werkzeug==0.15.0 jinja2==2.10 requests==2.19.0 urllib3==1.23 idna==2.7 click==6.7 itsdangerous==1.1.0
rm -rf "$work/python/app/lib/bin"
layer "$work/python" "RUN /bin/sh -c pip install --target /app/lib -r requirements.txt # buildkit"

mkdir -p "$work/node/app/web"
echo '{"name":"shop-web","version":"1.0.0","private":true,"dependencies":{"lodash":"4.17.4","minimist":"0.0.8","marked":"0.3.6","qs":"6.2.0"}}' > "$work/node/app/web/package.json"
(cd "$work/node/app/web" && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error)
rm -f "$work/node/app/web/node_modules/.package-lock.json"
layer "$work/node" "RUN /bin/sh -c npm install # buildkit"

mkdir -p "$work/app/app"
printf 'from flask import Flask\n\napp = Flask("shop")\n' > "$work/app/app/app.py"
layer "$work/app" "COPY app.py /app/ # buildkit"

umoci config --image "$image" --created="2026-01-01T00:00:00Z" --config.user 1000 --config.entrypoint gosu \
  --config.cmd app --config.env PYTHONPATH=/app/lib --author "" --no-history
skopeo copy -q --insecure-policy "oci:$image" "oci:$work/shop:shop:1.0"
tar --sort=name --mtime=2026-01-01T00:00Z --owner=0 --group=0 --numeric-owner -C "$work/shop" -cf "$here/shop.tar" oci-layout index.json blobs
ls -l "$here/shop.tar"
