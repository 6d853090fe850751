"""Takes published known answers for blind RSA signatures out of the package that carries them, into published.json.

    apt-get download golang-github-cloudflare-circl-dev
    python vectors/token/published.py golang-github-cloudflare-circl-dev_*.deb

Licence: BSD-3-Clause (2019 Cloudflare); see README.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
IN_DEBIAN = "usr/share/gocode/src/github.com/cloudflare/circl/blindsign/blindrsa/testdata/test_vectors.json"
FIELDS = ("p", "q", "n", "e", "d", "msg", "salt", "inv", "encoded_msg", "blinded_msg", "blind_sig", "sig")


def main(package: str) -> None:
    """Writes the file again."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)  # noqa: S603, S607 -- the caller's own file, and Debian's program where it stands
        found = json.loads((Path(folder) / IN_DEBIAN).read_text(encoding="utf-8"))
    taken = [{name: one[name] for name in FIELDS} for one in found]
    (HERE / "published.json").write_text(json.dumps(taken, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
