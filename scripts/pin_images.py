"""Pin the container images in docker-compose.yml and the Dockerfiles by digest, or renew their digests.

    .venv/bin/python -m scripts.pin_images REGISTRY   # asks this registry, a URL, for the digest of each tag
    .venv/bin/python -m scripts.pin_images --check    # asks nobody; exit 1 if an image has no digest

A tag can be moved to another image; a digest cannot. REGISTRY is the one that your container tools use for names
without a host: Docker's own, or your mirror of it. Review and commit what it writes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
FILES = ("docker-compose.yml", "Dockerfile", "deploy/sftp/Dockerfile")
_IMAGE = re.compile(
    r"(?P<before>^\s*image: |^FROM )(?P<name>[a-z0-9./:-]+?):(?P<tag>[A-Za-z0-9._-]+)(?P<digest>@sha256:[0-9a-f]{64})?"
    r"(?=\s|$)",
    re.MULTILINE,
)
_OWN = re.compile(r"statements(-sftp)?\Z")
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


def find_images(text: str) -> Iterator[re.Match[str]]:
    """Every image that a registry has. The images of our own Dockerfiles are built here."""
    return (each for each in _IMAGE.finditer(text) if not _OWN.match(each["name"]))


def pin(text: str, registry: str) -> str:
    """The text with the digest of each image's tag, as the registry at this URL has it now. Raises httpx.HTTPError."""
    with httpx.Client(base_url=registry, timeout=30, follow_redirects=True) as client:
        for image in reversed(list(find_images(text))):
            pinned = (
                f"{image['before']}{image['name']}:{image['tag']}@{_read_digest(client, image['name'], image['tag'])}"
            )
            text = text[: image.start()] + pinned + text[image.end() :]
    return text


def _read_digest(client: httpx.Client, name: str, tag: str) -> str:
    repository = name if "/" in name else f"library/{name}"
    path, headers = f"/v2/{repository}/manifests/{tag}", {"Accept": _MANIFESTS}
    answer = client.head(path, headers=headers)
    if answer.status_code == httpx.codes.UNAUTHORIZED:  # public images require a token, too
        answer = client.head(path, headers=headers | {"Authorization": f"Bearer {_read_token(client, answer)}"})
    digest: str = answer.raise_for_status().headers.get("Docker-Content-Digest", "")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise httpx.DecodingError(f"the registry gave no digest for {name}:{tag}")
    return digest


def _read_token(client: httpx.Client, refused: httpx.Response) -> str:
    asked = dict(re.findall(r'(\w+)="([^"]*)"', refused.headers.get("WWW-Authenticate", "")))
    answer = client.get(asked.pop("realm"), params=asked).raise_for_status()
    return str(answer.json()["token"])


def main() -> None:
    """Pin every file, or check that every image is pinned."""
    match sys.argv[1:]:
        case ["--check"]:
            missing = [
                f"{name}: {image['name']}:{image['tag']}"
                for name in FILES
                for image in find_images((ROOT / name).read_text(encoding="utf-8"))
                if not image["digest"]
            ]
            sys.exit("\n".join(["These images have no digest:", *missing]) if missing else 0)
        case [registry] if registry.startswith("https://"):
            for name in FILES:
                path = ROOT / name
                path.write_text(pin(path.read_text(encoding="utf-8"), registry), encoding="utf-8")
        case _:
            sys.exit("Give the https:// URL of the registry, or --check.")


if __name__ == "__main__":
    main()
