"""A website in an S3-compatible bucket, against a real S3-speaking server that checks signatures."""

from __future__ import annotations

import asyncio
import gzip
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.message import Failure
from app.domain.snapshot import Snapshot, manifest_bytes
from app.domain.targets import Encoding
from app.publishing.bucket import UNCONDITIONAL, BucketTarget, Conditions
from app.publishing.targets import Result
from channels.http import Http, Timeouts
from channels.s3 import Bucket, Opened, Place
from tests.rig.s3 import place, s3_server
from tests.rig.wire import Reply
from tests.unit.channels.answers import Answers, closed_port
from tests.unit.site.snapshots import AT, BANNER, snapshot

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with s3_server() as port:
        yield port


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    opened = Http(Timeouts(connect=20, total=60))
    yield opened
    await opened.aclose()


async def made(http: Http, where: Place) -> Bucket:
    bucket = Bucket(where, http)
    async with bucket.opened() as opened:
        assert isinstance(opened, Opened)
        assert isinstance(
            await opened.put(
                "",
                b"<CreateBucketConfiguration><LocationConstraint>eu-central-1"
                b"</LocationConstraint></CreateBucketConfiguration>",
                {},
            ),
            str,
        )
    return bucket


@pytest.fixture
async def bucket(server: int, http: Http, request: pytest.FixtureRequest) -> Bucket:
    name = request.node.name.lower().replace("_", "-").split("[")[0][-60:].strip("-")
    return await made(http, place(server, name))


async def read(bucket: Bucket, key: str) -> bytes:
    async with bucket.opened() as opened:
        assert isinstance(opened, Opened)
        reply = await opened.get(key)
        return b"" if reply is None or isinstance(reply, Failure) else bytes(reply.body)


def visited(bucket: Bucket, key: str) -> tuple[dict[str, str], bytes]:
    """Headers and body as they come over the wire."""
    with urllib.request.urlopen(f"{bucket.place.root}/{key}", timeout=60) as reply:
        names = ("content-type", "cache-control", "content-encoding", "content-language")
        return {name: reply.headers[name] for name in names if reply.headers[name]}, reply.read()


async def test_a_snapshot_lies_in_the_bucket_with_the_headers_a_browser_needs(bucket: Bucket) -> None:
    placed = await BucketTarget("cloud", bucket, "crisis/").place(snapshot(1))
    assert (placed.result, placed.held, placed.written) == (Result.PLACED, 1, len(snapshot(1).files))
    for path, file in snapshot(1).files.items():
        assert await read(bucket, f"crisis/{path}") == file.body
    assert await read(bucket, "crisis/manifest.json") == manifest_bytes(snapshot(1))
    file = snapshot(1).files[BANNER]
    assert visited(bucket, f"crisis/{BANNER}")[0] == {
        "content-type": file.content_type,
        "cache-control": file.cache_control,
    }


async def test_only_what_changed_is_uploaded_and_what_is_gone_is_removed(bucket: Bucket) -> None:
    target = BucketTarget("cloud", bucket)
    await target.place(snapshot(1))
    fewer = {path: file for path, file in snapshot(2).files.items() if "contact" not in path}
    for publisher in (target, BucketTarget("another process", bucket)):
        seq = 2 if publisher is target else 3
        files = {path: snapshot(seq).files[path] for path in fewer}
        placed = await publisher.place(Snapshot(seq, AT, files))
        changed = [path for path, file in files.items() if file.body != snapshot(seq - 1).files[path].body]
        assert placed.written == len(changed)
    gone = set(snapshot(1).files) - set(fewer)
    assert gone
    assert not any([await read(bucket, path) for path in gone])


async def test_a_lower_number_never_replaces_a_higher_one(bucket: Bucket) -> None:
    await BucketTarget("a", bucket).place(snapshot(9))
    for late in (snapshot(8, text="old"), snapshot(9, text="the same number from another time")):
        placed = await BucketTarget("b", bucket).place(late)
        assert (placed.result, placed.held) == (Result.NOT_NEWER, 9)
    assert json.loads(await read(bucket, BANNER))["seq"] == 9
    again = await BucketTarget("b", bucket).place(snapshot(9))
    assert (again.result, again.written) == (Result.PLACED, 0), "its last answer may never have come"


async def test_two_publishers_racing_end_with_the_higher_number_whole(bucket: Bucket) -> None:
    async def publish(first: int) -> None:
        target = BucketTarget(f"p{first}", bucket)
        for seq in range(first, 21, 2):
            placed = await target.place(snapshot(seq, text=f"words of {seq % 3}"))
            assert placed.result is not Result.FAILED, placed.detail

    seen = 0

    async def watch() -> None:
        nonlocal seen
        while True:
            body = await read(bucket, BANNER)
            if body:
                seq = json.loads(body)["seq"]
                assert seq >= seen, "a visitor never sees a lower number"
                seen = seq
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(publish(1), publish(2))
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert await read(bucket, "manifest.json") == manifest_bytes(snapshot(20, text="words of 2"))
    for path, file in snapshot(20, text="words of 2").files.items():
        assert await read(bucket, path) == file.body, path


async def test_a_store_that_minds_no_condition_is_found_out_and_said(http: Http) -> None:
    with s3_server(deaf=True) as port:
        bucket = await made(http, place(port, "deaf"))
        target = BucketTarget("cloud", bucket)
        placed = await target.place(snapshot(5))
        assert (placed.result, placed.note) == (Result.PLACED, UNCONDITIONAL)
        assert target.conditions is Conditions.IGNORED
        assert (await target.place(snapshot(4))).result is Result.NOT_NEWER
        assert (await target.place(snapshot(6))).result is Result.PLACED


async def test_texts_may_lie_there_packed(bucket: Bucket) -> None:
    await BucketTarget("cloud", bucket, encoding=Encoding.GZIP).place(snapshot(1))
    headers, body = visited(bucket, BANNER)
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == snapshot(1).files[BANNER].body
    assert await read(bucket, "manifest.json") == manifest_bytes(snapshot(1)), "publishers read it as it is"


async def test_a_wrong_secret_or_bucket_is_named_and_shows_no_secret(server: int, http: Http) -> None:
    for wrong, code in (({"secret_access_key": "wrong"}, "SignatureDoesNotMatch"), ({}, "NoSuchBucket")):
        placed = await BucketTarget("cloud", Bucket(place(server, "nobody-made-it", **wrong), http)).place(snapshot(1))
        assert placed.result is Result.FAILED
        assert code in placed.detail
    assert "only tests know" not in repr(place(server, "x"))


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (403, b"<Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
        (500, b"oops", "http_500"),
        (200, b"\xff garbage", "http_200"),
        (503, b"<Error><Code>SlowDown</Code></Error>", "SlowDown"),
    ],
)
async def test_whatever_a_store_answers_is_a_named_failure(http: Http, status: int, body: bytes, word: str) -> None:
    async with Answers(lambda _: Reply(status, body)) as answers:
        placed = await BucketTarget("cloud", Bucket(place(answers.port, "b"), http)).place(snapshot(1))
    assert placed.result is Result.FAILED
    assert word in placed.detail


async def test_nobody_there_and_an_address_inside_are_failures(http: Http) -> None:
    with closed_port() as port:
        placed = await BucketTarget("cloud", Bucket(place(port, "b"), http)).place(snapshot(1))
    assert placed.result is Result.FAILED
    inside = Bucket(place(443, "b", base_url="https://10.0.0.1", private=False), http)
    refused = await BucketTarget("cloud", inside).place(snapshot(1))
    assert "address_refused" in refused.detail


async def test_a_broken_manifest_in_the_bucket_is_replaced(bucket: Bucket) -> None:
    await BucketTarget("cloud", bucket).place(snapshot(1))
    async with bucket.opened() as opened:
        assert isinstance(opened, Opened)
        await opened.put("manifest.json", b'{"version": 1, "seq": ', {})
    assert (await BucketTarget("cloud", bucket).place(snapshot(2))).result is Result.PLACED
    assert await read(bucket, "manifest.json") == manifest_bytes(snapshot(2))
