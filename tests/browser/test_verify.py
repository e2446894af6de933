"""A proof is checked in a real browser: good ones hold, whatever is changed on the way does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.visitor import RULES, WIDTHS

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(browser: Any) -> Any:
    return browser.new_page()


def outcome(page: Any) -> list[tuple[str, str]]:
    page.wait_for_selector("#outcome [data-tone=info], #outcome [data-tone=fail], #outcome [data-tone=warn]")
    return [
        (line.get_attribute("data-tone"), line.inner_text()) for line in page.query_selector_all("#outcome p")
    ]


def test_a_good_proof_holds_and_the_page_is_accessible(site: dict[str, str], page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{site['url']}/log/verify?entry={site['entry']}")
    said = outcome(page)
    assert [tone for tone, _ in said] == ["ok", "ok", "ok", "info"], said
    assert "is signed by" in said[2][1]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page, options=RULES).response["violations"]
        assert not found, [item["id"] for item in found]
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert errors == []


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda body: body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def other_index(body: bytes) -> bytes:
    return body.replace(b"\nindex ", b"\nindex 1", 1)


def no_path(body: bytes) -> bytes:
    head, _, note = body.partition(b"\n\n")
    return b"\n".join(head.split(b"\n")[:3]) + b"\n\n" + note


def other_root(body: bytes) -> bytes:
    head, _, note = body.partition(b"\n\n")
    lines = note.split(b"\n")
    lines[2] = lines[2][:5] + (b"A" if lines[2][5:6] != b"A" else b"B") + lines[2][6:]
    return head + b"\n\n" + b"\n".join(lines)


def other_extension(body: bytes) -> bytes:
    return body.replace(b"\ntime 2", b"\ntime 3", 1)


@pytest.mark.parametrize(
    ("which", "change"),
    [
        ("entry", flip(0)), ("entry", flip(40)), ("entry", flip(-1 % 200)), ("proof", other_index),
        ("proof", no_path), ("proof", other_root), ("proof", other_extension), ("proof", lambda body: b"hello"),
        ("proof", lambda body: body[:-20]),
    ],
)  # fmt: skip
def test_whatever_is_changed_on_the_way_is_found(
    site: dict[str, str], page: Any, which: str, change: Callable[[bytes], bytes]
) -> None:
    def spoiled(route: Any) -> None:
        answer = route.fetch()
        body = change(answer.body())
        assert body != answer.body()
        route.fulfill(response=answer, body=body)

    page.route(f"**/log/{which}/*", spoiled)
    page.goto(f"{site['url']}/log/verify?entry={site['entry']}")
    said = outcome(page)
    page.unroute(f"**/log/{which}/*")
    assert said[-1][0] == "fail", said


def test_a_key_that_is_not_the_logs_is_no_yes(site: dict[str, str], page: Any) -> None:
    page.goto(f"{site['url']}/log/verify")
    assert page.query_selector_all("#outcome p") == []
    page.get_by_label("Entry").fill(site["entry"])
    page.get_by_label("Verifier keys you trust").fill(
        "example.org/other+27199f28+Adi16k8/brA7pxptpb2BXh2aBSPSGq+4rF7blHPNjMWT"
    )
    page.get_by_role("button", name="Check").click()
    assert outcome(page)[-1][0] == "warn"
    page.get_by_label("Verifier keys you trust").fill("nonsense")
    page.get_by_role("button", name="Check").click()
    assert outcome(page)[-1][0] == "fail"
