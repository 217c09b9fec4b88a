"""Write the embedded list of official images.

python tools/build_official.py LIBRARY_FOLDER AS_OF REVISION
"""

import sys
from pathlib import Path

from scantling.bases.official import pack, read_folder

_TARGET = Path(__file__).parent.parent / "src" / "scantling" / "bases" / "official.data"


def main(folder: str, as_of: str, revision: str) -> None:
    """Read a checkout's `library` folder and write the compact form."""
    library = read_folder(Path(folder), as_of=as_of, revision=revision)
    data = pack(library)
    _TARGET.write_bytes(data)
    images = sum(map(len, library.repositories.values()))
    print(f"{len(library.repositories)} repositories, {images} images, {len(data):,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
