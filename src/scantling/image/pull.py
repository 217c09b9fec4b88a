"""The registry client: manifests by tag once, everything else by digest.

1. The tag is asked once; its digest is computed from the bytes and pins all that follows.
2. `Docker-Content-Digest`, where sent, must be the digest of the body.
3. Manifests and configurations are verified in memory, layers while they are written.
4. A 401 is answered once with the right login (`tokens`); a second 401 is final.
5. Mirrors are tried in order before the registry; what a mirror sends is verified in the same way,
   but which digest a tag has is the word of whoever answers first.

Importing this loads the HTTP client; only `sources.registry` does, when a registry is meant.

Source: OCI distribution-spec 1.1, "Pull"; CVE-2021-41190.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from scantling.core.errors import NetworkError, RegistryError
from scantling.core.http import Downloaded, Http, HttpSettings, NotModified, Reply, Wanted
from scantling.core.progress import Progress
from scantling.core.scratch import Scratch
from scantling.core.text import neutral
from scantling.image.api import ImageOptions, OpenImage, Slice
from scantling.image.assemble import image_of
from scantling.image.choice import choose
from scantling.image.descriptors import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    digest_of,
    parse_document,
)
from scantling.image.endpoint import Endpoint, insecure_places
from scantling.image.layout import layer_blobs
from scantling.image.refs import RegistryRef, is_digest
from scantling.image.statements import read_statements
from scantling.image.tags import all_tags
from scantling.image.trouble import explained

_ACCEPT: Final = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))
_JSON: Final = "application/json"
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429

_Got = TypeVar("_Got")


def open_pulled(
    ref: RegistryRef, reference: str, options: ImageOptions, progress: Progress
) -> OpenImage:
    """Return the image that `ref` names; its layers are downloaded when they are opened.

    Raises RegistryError, TargetError.
    """
    http = Http(
        HttpSettings(ca_file=options.ca_file, insecure_hosts=insecure_places(ref, options)),
        scratch=Scratch(quota_bytes=options.limits.scratch_bytes),
    )
    try:
        return pull(http, ref, reference, options, progress)
    except BaseException:
        http.close()
        raise


def pull(
    http: Http, ref: RegistryRef, reference: str, options: ImageOptions, progress: Progress
) -> OpenImage:
    """Do what `open_pulled` does with a given client, which the image closes."""
    client = _Client(http, ref, options, progress)
    progress.start("open", neutral(reference), 0)
    try:
        root = client.root()

        def read(node: Descriptor, what: str) -> bytes:
            return client.document(node, what, root)

        chosen = choose(
            root,
            read,
            platform=options.platform,
            limits=options.limits,
        )
    finally:
        progress.finish("open")
    image = image_of(
        chosen,
        reference=reference,
        kind="registry",
        limits=options.limits,
        tags=(str(RegistryRef(registry=ref.registry, repository=ref.repository, tag=ref.tag)),)
        if ref.tag
        else (),
    )
    blobs, gaps = layer_blobs(chosen, client.layer)
    return OpenImage(
        image=image,
        blobs=blobs,
        gaps=gaps,
        close=http.close,
        history=chosen.history,
        list_digest=chosen.list_digest,
        platforms=chosen.platforms,
        statements=lambda: read_statements(chosen.attestations, read, options.limits),
    )


def list_tags(ref: RegistryRef, options: ImageOptions, progress: Progress) -> tuple[str, ...]:
    """Return all tags of the repository of `ref`, sorted. Raises RegistryError.

    Source: OCI distribution-spec 1.1, "Content Discovery".
    """
    http = Http(
        HttpSettings(ca_file=options.ca_file, insecure_hosts=insecure_places(ref, options)),
        scratch=Scratch(quota_bytes=options.limits.scratch_bytes),
    )
    try:
        return _Client(http, ref, options, progress).tags()
    finally:
        http.close()


class RegistryBlob:
    """A layer in a registry; downloaded and verified when opened, kept nowhere."""

    def __init__(self, descriptor: Descriptor, fetch: Callable[[Descriptor], Downloaded]) -> None:
        self._descriptor = descriptor
        self._fetch = fetch

    @property
    def identity(self) -> str:
        """The digest: a registry's content is named by it."""
        return self._descriptor.digest

    @property
    def digest(self) -> str:
        """The expected digest of the bytes."""
        return self._descriptor.digest

    @property
    def length_bytes(self) -> int:
        """As declared."""
        return self._descriptor.size_bytes

    def open(self) -> Slice:
        """Download the bytes and return them, size and digest verified. Raises TargetError."""
        got = self._fetch(self._descriptor)
        return Slice(fd=got.fd, offset_bytes=0, length_bytes=got.size_bytes)


class _Client:
    """One repository, through its mirrors and itself."""

    def __init__(
        self, http: Http, ref: RegistryRef, options: ImageOptions, progress: Progress
    ) -> None:
        self._http = http
        self._ref = ref
        self._options = options
        self._progress = progress
        self._endpoints: list[Endpoint] = []
        self._bytes: dict[str, bytes] = {}
        mirrors = [mirror for registry, mirror in options.mirrors if registry == ref.registry]
        self._places = [*mirrors, ref.registry]

    def root(self) -> Descriptor:
        """Return the descriptor of what the reference names, its bytes already here."""
        ref = self._ref
        wanted = ref.digest or ref.tag
        reply = self._anywhere(lambda at: self._manifest(at, wanted), f"the image {ref}")
        digest = digest_of(reply.body, like=ref.digest or "sha256:")
        if ref.digest and digest != ref.digest:
            raise RegistryError(
                f"{ref.registry} sent content with the digest {digest} for {ref.digest}; it cannot "
                "be trusted"
            )
        _check_header(reply, ref)
        media_type = reply.headers.get("content-type", "").partition(";")[0].strip()
        found = parse_document(
            reply.body, limits=self._options.limits, what=f"the image {ref}", media_type=media_type
        )
        self._bytes[digest] = reply.body
        return Descriptor(
            digest=digest, size_bytes=len(reply.body), media_type=found.media_type or media_type
        )

    def document(self, node: Descriptor, what: str, root: Descriptor) -> bytes:
        """Return a manifest, index or configuration by digest, not verified here."""
        if node.digest == root.digest:
            return self._bytes[node.digest]
        is_manifest = node.media_type in INDEX_TYPES | MANIFEST_TYPES
        fetch = self._manifest if is_manifest else self._small_blob
        return self._anywhere(lambda at: fetch(at, node.digest), what).body

    def tags(self) -> tuple[str, ...]:
        """Return the repository's tags, sorted."""
        what = f"the tags of {self._ref.repository}"
        return all_tags(
            lambda path: self._anywhere(lambda at: self._get(at, path, accept=_JSON), what), what
        )

    def layer(self, node: Descriptor) -> RegistryBlob:
        """Return a layer. Raises FileNotFoundError for one that lives elsewhere."""
        if node.urls or "nondistributable" in node.media_type or "foreign" in node.media_type:
            raise FileNotFoundError(node.digest)
        return RegistryBlob(node, self._download)

    def _download(self, node: Descriptor) -> Downloaded:
        most = self._options.limits.layer_compressed_bytes
        if node.size_bytes > most:
            raise RegistryError(
                f"the layer {node.digest} has {node.size_bytes} bytes, more than {most}; raise the "
                "limit layer_compressed_bytes if you trust the image"
            )
        task = f"layer {node.digest}"
        self._progress.start(task, f"layer {node.digest[7:19]}", node.size_bytes)
        try:
            return self._anywhere(lambda at: self._blob(at, node, task), task)
        finally:
            self._progress.finish(task)

    def _blob(self, at: Endpoint, node: Descriptor, task: str) -> Downloaded:
        wanted = Wanted(
            limit_bytes=self._options.limits.layer_compressed_bytes,
            digest=node.digest,
            size_bytes=node.size_bytes,
        )

        def fetch() -> Downloaded | NotModified:
            return self._http.download(
                at.url(f"blobs/{node.digest}"),
                wanted=wanted,
                authorization=at.authorization,
                on_bytes=lambda done_bytes: self._progress.advance(task, done_bytes),
            )

        try:
            got = fetch()
        except NetworkError as error:
            if error.status != _UNAUTHORIZED or not at.log_in(error.challenges):
                raise
            got = fetch()
        assert isinstance(got, Downloaded), "an unconditional download cannot be unmodified"  # noqa: S101
        return got

    def _manifest(self, at: Endpoint, wanted: str) -> Reply:
        return self._get(at, f"manifests/{wanted}", accept=_ACCEPT)

    def _small_blob(self, at: Endpoint, digest: str) -> Reply:
        return self._get(at, f"blobs/{digest}", accept="*/*")

    def _get(self, at: Endpoint, path: str, *, accept: str) -> Reply:
        """Return the answer, logging in once if it is asked for. Raises NetworkError."""
        reply = at.ask(
            "GET",
            at.url(path),
            limit_bytes=self._options.limits.manifest_bytes,
            headers=(("Accept", accept),),
        )
        if reply.status != _OK:
            raise NetworkError(
                f"status {reply.status}",
                kind="status",
                status=reply.status,
                challenges=reply.challenges,
            )
        return reply

    def _anywhere(self, fetch: Callable[[Endpoint], _Got], what: str) -> _Got:
        """Return what the first place that has it sends. Raises the registry's own error."""
        problems: list[str] = []
        for number in range(len(self._places)):
            try:
                return fetch(self._endpoint(number))
            except NetworkError as error:
                login = self._endpoints[number].login if self._endpoints[number:] else None
                problem = explained(error, self._places[number], self._ref, what, login)
                cause: Exception = error
            except RegistryError as error:
                problem, cause = error, error
            if number + 1 == len(self._places):
                if problems:
                    problem = RegistryError(f"{problem} (before that: {'; '.join(problems)})")
                raise problem from cause
            problems.append(str(problem))
        raise AssertionError("there is always the registry itself")

    def _endpoint(self, number: int) -> Endpoint:
        """Return a place to ask, found out about when it is first needed."""
        if number >= len(self._endpoints):
            self._endpoints.append(
                Endpoint(self._http, self._places[number], self._ref.repository, self._options)
            )
        return self._endpoints[number]


def _check_header(reply: Reply, ref: RegistryRef) -> None:
    said = reply.headers.get("docker-content-digest", "")
    if not said:
        return
    if not is_digest(said) or digest_of(reply.body, like=said) != said:
        raise RegistryError(
            f"{ref.registry} says the content of {ref} has the digest {neutral(said, limit=100)}, "
            "which it has not; it cannot be trusted"
        )
