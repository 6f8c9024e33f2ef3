from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from app.console.looks import MOST_KEPT, Looks


def test_however_many_watch_there_is_one_look_a_beat_and_one_page_a_language() -> None:
    clock, looked = [0.0], list[object]()
    written: list[str] = []
    looks: Looks[object] = Looks(lambda: clock[0])

    def look() -> object:
        looked.append(object())
        return looked[-1]

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: looks.of(1, look), range(64)))
    assert len(seen) == len(looked) == 1

    def write() -> str:
        written.append("a page")
        return "a page"

    assert [looks.page(1, looked[0], language, write) for language in ("en", "en", "gu")] == ["a page"] * 3
    assert len(written) == 2
    assert looks.of(1, look, anew=True) is looked[1]
    clock[0] += 1
    assert looks.of(1, look) is not looked[0]
    assert looks.page(1, looked[0], "en", lambda: "of an old look") == "of an old look"
    for update_id in range(2, MOST_KEPT + 10):
        looks.of(update_id, look)
    assert len(looks._kept) == MOST_KEPT
