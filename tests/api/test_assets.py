"""Assets over the API: found, paged, named, tagged, thrown away and taken back."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from core.settings import Settings
from tests.api.library import ended_run, made_of, planted, uploaded
from tests.api.serving import serve, stored


def listed(client: TestClient, **params: Any) -> list[str]:
    """The ids of a whole list, page by page."""
    found, cursor = [], None
    while True:
        asked = {"limit": 3, **params} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/v1/assets", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= 3
        found += [asset["id"] for asset in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_a_list_is_newest_first_and_whole_while_others_are_added(
    client: TestClient, settings: Settings
) -> None:
    mark = uuid4().hex
    made = [str(one) for one in planted(settings, 7, name=f"{mark} film")]
    first = client.get("/v1/assets", params={"q": mark, "limit": 3}).json()
    planted(settings, 2, name=f"{mark} later")
    rest, cursor = [], first["next"]
    while cursor:
        page = client.get("/v1/assets", params={"q": mark, "limit": 3, "cursor": cursor}).json()
        rest += page["items"]
        cursor = page["next"]
    assert [asset["id"] for asset in [*first["items"], *rest]] == made[::-1]


def test_filters_narrow_the_list(client: TestClient, settings: Settings) -> None:
    mark = uuid4().hex
    (red,) = planted(settings, 1, name=f"{mark} 100%_Straße", tags=["Red", "Blue"])
    (blue,) = planted(settings, 1, name=f"{mark} other", tags=["blue"])
    ended_run(settings, red, "done")
    ended_run(settings, blue, "done")
    ended_run(settings, blue, "failed")
    image = planted(settings, 1, name=f"{mark} picture")[0]

    def of(**params: Any) -> set[str]:
        return set(listed(client, **{"q": mark, **params}))

    everything = {str(red), str(blue), str(image)}
    assert of() == of(kind="video") == everything
    assert of(kind="image") == set()
    assert of(tag="BLUE") == {str(red), str(blue)}
    assert of(tag=["blue", "red"]) == {str(red)}
    assert of(q=f"{mark.upper()} 100%_STRASSE") == set()
    assert of(q="100%_straße") & everything == {str(red)}
    assert of(q=f"{mark}%") == of(q=f"{mark}_") == set()
    assert of(state="ready") == {str(red)}
    assert of(state="failed") == {str(blue)}
    assert of(state="uploaded") == {str(image)}
    assert of(state="processing") == set()
    moment = client.get(f"/v1/assets/{blue}").json()["created_at"]
    assert of(created_after=moment) == {str(image)}
    assert of(created_before=moment) == {str(red)}


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"limit": 0}, "/query/limit"),
        ({"limit": 201}, "/query/limit"),
        ({"kind": "sound"}, "/query/kind"),
        ({"state": "done"}, "/query/state"),
        ({"q": "a\0b"}, "/query/q"),
        ({"tag": "\0"}, "/query/tag"),
        ({"tag": ["a", "\n"]}, "/query/tag/1"),
        ({"tag": ["x"] * 11}, "/query/tag"),
        ({"created_after": "yesterday"}, "/query/created_after"),
        ({"created_after": "2026-01-01T00:00:00"}, "/query/created_after"),
        ({"trashed": "yes"}, "/query/trashed"),
        ({"cursor": "x"}, "/query/cursor"),
        ({"cursor": "ü"}, "/query/cursor"),
        ({"cursor": "AAAAAAAAAAAAAAAAAAAA"}, "/query/cursor"),
    ],
)
def test_a_wrong_question_is_told_which_part_of_it(
    client: TestClient, params: dict[str, Any], pointer: str
) -> None:
    answer = client.get("/v1/assets", params=params)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_cursor_of_another_list_or_of_other_filters_is_refused(
    client: TestClient, settings: Settings
) -> None:
    planted(settings, 3)
    cursor = client.get("/v1/assets", params={"limit": 1}).json()["next"]
    assert client.get("/v1/assets", params={"cursor": cursor}).status_code == 200
    asset = client.get("/v1/assets", params={"limit": 1}).json()["items"][0]["id"]
    for path, params in (
        ("/v1/runs", {}),
        ("/v1/assets", {"kind": "video"}),
        (f"/v1/assets/{asset}/duplicates", {}),
        (f"/v1/assets/{asset}/artifacts", {}),
    ):
        answer = client.get(path, params={"cursor": cursor, **params})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/query/cursor"


def test_who_knows_an_asset_as_it_is_gets_304_until_anything_of_it_changes(
    client: TestClient, settings: Settings
) -> None:
    asset = uploaded(client)["asset"]
    place = f"/v1/assets/{asset['id']}"
    first = client.get(place)
    tag = first.headers["etag"]
    assert tag.startswith('"v1-')
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(place, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(place, headers={"If-None-Match": '"v1-0"'}).status_code == 200
    # Nobody has edited it; yet what is said of it is another.
    ended_run(settings, asset["id"], "done")
    changed = client.get(place, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["state"]) == (200, "ready")
    assert changed.headers["etag"] != tag


def test_a_change_needs_the_tag_that_was_seen(client: TestClient, settings: Settings) -> None:
    asset = uploaded(client)["asset"]
    place = f"/v1/assets/{asset['id']}"
    tag = client.get(place).headers["etag"]
    missing = client.patch(place, json={"name": "a"})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    ended_run(settings, asset["id"], "done")  # which is no edit, and makes no conflict
    done = client.patch(place, json={"name": " ＡCafe\u0301 "}, headers={"If-Match": tag})
    assert done.status_code == 200, done.text
    assert (done.json()["name"], done.json()["version"]) == ("ＡCafé", 2)
    assert client.get(place).headers["etag"] == done.headers["etag"]
    for stale in (tag, f"W/{done.headers['etag']}", '"v9-0000000000000000"', '"theirs"'):
        late = client.patch(place, json={"name": "b"}, headers={"If-Match": stale})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    wrong = client.patch(place, json={"name": "b"}, headers={"If-Match": "v2"})
    assert wrong.json()["errors"][0]["pointer"] == "/header/if-match"
    assert client.get(place).json()["name"] == "ＡCafé"
    same = client.patch(place, json={"name": "ＡCafé"}, headers={"If-Match": "*"})
    assert (same.status_code, same.json()["version"]) == (200, 2)


def test_a_patch_merges_and_tags_are_put_in_order(client: TestClient) -> None:
    place = f"/v1/assets/{uploaded(client)['asset']['id']}"

    def patched(body: Any) -> dict[str, Any]:
        headers = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
        answer = client.patch(place, content=json.dumps(body), headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert patched({"tags": [" Spring ", "SPRING", "Cafe\u0301", "café"]})["tags"] == [
        "Spring",
        "Café",
    ]
    assert patched({"name": "new"})["tags"] == ["Spring", "Café"]
    assert patched({})["version"] == 3
    assert patched({"tags": None})["tags"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"name": null}', "/body/name"),
        ('{"name": "  "}', "/body/name"),
        ('{"name": "a/b"}', "/body/name"),
        ('{"name": "a\\u0000"}', "/body/name"),
        ('{"name": "a\\ud800"}', "/body/name"),
        ('{"name": 1}', "/body/name"),
        (json.dumps({"name": "x" * 256}), "/body/name"),
        ('{"colour": "red"}', "/body/colour"),
        ('{"tags": "red"}', "/body/tags"),
        ('{"tags": [""]}', "/body/tags"),
        ('{"tags": ["a\\nb"]}', "/body/tags"),
        (json.dumps({"tags": ["x" * 65]}), "/body/tags"),
        (json.dumps({"tags": [str(n) for n in range(51)]}), "/body/tags"),
        ("[]", "/body"),
        ("{", "/body/1"),
        ("", "/body"),
    ],
)
def test_a_broken_patch_is_told_which_part_of_it_and_changes_nothing(
    client: TestClient, settings: Settings, body: str, pointer: str
) -> None:
    (asset,) = planted(settings, 1)
    before = client.get(f"/v1/assets/{asset}")
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    answer = client.patch(f"/v1/assets/{asset}", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert client.get(f"/v1/assets/{asset}").content == before.content


def test_of_two_changes_with_the_same_tag_one_wins(client: TestClient, settings: Settings) -> None:
    (asset,) = planted(settings, 1)
    place = f"/v1/assets/{asset}"
    with serve(settings) as one, serve(settings) as other, ThreadPoolExecutor(2) as pool:
        for turn in range(5):
            tag = one.get(place).headers["etag"]
            assert other.get(place).headers["etag"] == tag
            gate = threading.Barrier(2)

            def change(
                by: TestClient, name: str, tag: str = tag, gate: threading.Barrier = gate
            ) -> int:
                gate.wait()
                sent = by.patch(place, json={"name": name}, headers={"If-Match": tag})
                return int(sent.status_code)

            answers = list(pool.map(change, (one, other), (f"a{turn}", f"b{turn}")))
            assert sorted(answers) == [200, 412]
            assert client.get(place).json()["version"] == turn + 2


def test_an_asset_goes_into_the_trash_comes_back_and_goes_for_good(
    client: TestClient, settings: Settings
) -> None:
    before = stored(settings)
    made = uploaded(client, seed=7)
    place = f"/v1/assets/{made['asset']['id']}"
    made_of(settings, made["asset"]["id"], "a.txt", "b/c.txt")
    assert client.post(f"{place}/purge").status_code == 409
    assert client.delete(place, headers={"If-Match": '"v9-0000000000000000"'}).status_code == 412
    assert client.delete(place).status_code == client.delete(place).status_code == 204
    trashed = client.get(place).json()
    assert (trashed["trashed_at"] is None, trashed["state"]) == (False, "cancelled")
    assert made["asset"]["id"] not in listed(client)
    assert made["asset"]["id"] in listed(client, trashed="only")
    assert client.patch(place, json={"name": "x"}, headers={"If-Match": "*"}).status_code == 409
    assert client.post(f"{place}/runs").status_code == 409
    assert client.post(f"/v1/runs/{made['run']['id']}/retry").status_code == 409
    stage = f"/v1/runs/{made['run']['id']}/stages/probe"
    assert client.post(f"{stage}/retry").status_code == 409
    restored = client.post(f"{place}/restore")
    assert (restored.status_code, restored.json()["trashed_at"]) == (200, None)
    assert client.post(f"{place}/restore").status_code == 200
    assert client.post(f"/v1/runs/{made['run']['id']}/retry").status_code == 200
    assert client.delete(place).status_code == 204
    assert client.post(f"{place}/purge").status_code == 204
    assert client.get(place).status_code == client.delete(place).status_code == 404
    assert client.post(f"{place}/purge").status_code == 404
    assert client.get(f"/v1/uploads/{made['asset']['id']}").status_code == 404
    assert client.get(f"/v1/runs/{made['run']['id']}").json()["state"] == "cancelled"
    assert stored(settings) == before


def test_what_has_lost_its_file_cannot_be_restored(client: TestClient, settings: Settings) -> None:
    (asset,) = planted(settings, 1)
    assert client.delete(f"/v1/assets/{asset}").status_code == 204
    answer = client.post(f"/v1/assets/{asset}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert client.get(f"/v1/assets/{asset}").json()["trashed_at"] is not None


def test_the_same_content_twice_is_found(client: TestClient) -> None:
    first, second, third = (uploaded(client, name=f"{n}.mkv", seed=42)["asset"] for n in range(3))
    assert first["duplicate_of"] is None
    assert second["duplicate_of"] == third["duplicate_of"] == first["id"]
    found = client.get(f"/v1/assets/{first['id']}/duplicates").json()["items"]
    assert [asset["id"] for asset in found] == [third["id"], second["id"]]
    client.delete(f"/v1/assets/{first['id']}")
    assert client.get(f"/v1/assets/{second['id']}").json()["duplicate_of"] is None
    assert client.get(f"/v1/assets/{third['id']}").json()["duplicate_of"] == second["id"]


def test_another_run_is_begun_on_an_asset(client: TestClient) -> None:
    made = uploaded(client)
    place = f"/v1/assets/{made['asset']['id']}/runs"
    answer = client.post(place, json={"recipe": "video-hevc", "priority": "batch"})
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert (run["recipe"], run["priority"], run["state"]) == ("video-hevc", "batch", "running")
    assert client.post(place).json()["recipe"] == "video"
    ids = [one["id"] for one in client.get(place).json()["items"]]
    assert ids[1:] == [run["id"], made["run"]["id"]]
    for body, status in (({"recipe": "soup"}, 422), ({"colour": 1}, 422), ({"priority": 3}, 422)):
        assert client.post(place, json=body).status_code == status
    assert client.post(f"/v1/assets/{uuid4()}/runs").status_code == 404


def test_what_was_made_is_listed_by_path_without_what_only_stages_need(
    client: TestClient, settings: Settings
) -> None:
    (asset,) = planted(settings, 1)
    made_of(settings, asset, "c.txt", "a.txt", "b.txt")
    made_of(settings, asset, "d.txt", kind="picture")
    made_of(settings, asset, "w.txt", kind="work")
    place = f"/v1/assets/{asset}/artifacts"
    first = client.get(place, params={"limit": 2}).json()
    rest = client.get(place, params={"limit": 2, "cursor": first["next"]}).json()
    assert rest["next"] is None
    paths = [one["path"] for one in first["items"] + rest["items"]]
    assert paths == ["a.txt", "b.txt", "c.txt", "d.txt"]
    pictures = client.get(place, params={"kind": "picture"}).json()["items"]
    assert [one["path"] for one in pictures] == ["d.txt"]
    one = client.get(f"/v1/artifacts/{first['items'][0]['id']}").json()
    assert one == first["items"][0]
    assert "storage_key" not in one
    assert client.get(f"/v1/artifacts/{uuid4()}").status_code == 404
    assert client.get(f"/v1/assets/{uuid4()}/artifacts").status_code == 404


def test_a_body_that_is_too_large_is_refused_announced_or_not(client: TestClient) -> None:
    place = f"/v1/assets/{uuid4()}"
    large = b'{"name": "' + b"x" * (2 << 20) + b'"}'
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    assert client.patch(place, content=large, headers=headers).status_code == 413
    pieces = (large[at : at + 65536] for at in range(0, len(large), 65536))
    assert client.patch(place, content=pieces, headers=headers).status_code == 413
