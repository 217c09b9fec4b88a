"""What an image says of itself: digests, platform, layers, configuration."""

from msgspec import Struct


class Platform(Struct, frozen=True, kw_only=True):
    """Operating system and processor, in Go's spelling (`linux`, `amd64`, variant `v8`)."""

    os: str = "linux"
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        """Return `linux/arm64/v8`, as `--platform` takes it."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Layer(Struct, frozen=True, kw_only=True):
    """One layer, bottom first.

    `index` counts from 0. `diff_id` is the digest of the uncompressed tar as the configuration
    claims it; `digest` that of the stored blob, empty where the container has none (docker save,
    directory). `created_by` is the build instruction as recorded in the history, empty if unknown.

    Source: OCI image-spec, config.md ("rootfs", "history") and descriptor.md.
    """

    index: int
    diff_id: str
    digest: str = ""
    media_type: str = ""
    size_bytes: int = 0
    created_by: str = ""
    created: str = ""


class ImageConfig(Struct, frozen=True, kw_only=True):
    """The parts of the image configuration that judgments use; every list in the file's order."""

    created: str = ""
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    working_dir: str = ""
    labels: tuple[tuple[str, str], ...] = ()


class Image(Struct, frozen=True, kw_only=True):
    """An opened image, without its bytes.

    `reference` is the target as the user wrote it, `kind` how it was read (`oci-layout`,
    `oci-archive`, `docker-archive`, `registry`, `directory`). `manifest_digest` is empty for a
    docker archive without an index and for a directory, `config_digest` for a directory.
    `tags` are the names the container gives the image. `ambiguity` says what was chosen among
    several, empty if nothing was.
    """

    reference: str
    kind: str
    manifest_digest: str = ""
    config_digest: str = ""
    platform: Platform = Platform()
    layers: tuple[Layer, ...] = ()
    config: ImageConfig = ImageConfig()
    annotations: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    ambiguity: str = ""

    @property
    def digest(self) -> str:
        """Return the digest that names this image best: manifest, else configuration, else ''."""
        return self.manifest_digest or self.config_digest
