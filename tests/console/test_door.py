"""Into the console: only with a key for it, only from its own forms, and out again."""

from __future__ import annotations

import time

import pytest

from service.console import session as sessions
from service.console.attempts import MOST, WITHIN, Attempts
from service.console.desk import is_ours
from service.console.site import PAGES
from tests.conftest import PUBLISHABLE, SECRET
from tests.console.browsing import at_the_console, field

ROUTES = [
    (method, route.path.replace("{rest:path}", "nowhere"))
    for pages in PAGES
    for route in pages
    for method in sorted(route.methods - {"HEAD"})
]


def key_of(client, **body: str) -> str:
    return client.post("/v1/keys", json={"kind": "console", **body}).json()["key"]


@pytest.fixture(scope="module")
def viewers_key(running_service):
    with running_service.client() as client:
        return key_of(client, role="viewer")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_page_is_seen_and_nothing_is_done_without_signing_in(nobody, method, path):
    answer = nobody.request(method, path.replace("{identity}", "p_1"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=")
    assert not answer.content


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST"])
def test_a_form_without_the_sessions_token_does_nothing(running_service, path):
    with at_the_console(running_service) as browser:
        for sent in ({}, {"token": "forged"}):
            answer = browser.client.post(path.replace("{identity}", "p_1"), data=sent)
            assert answer.status_code == 403
            assert "came from elsewhere" in answer.text


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST"])
def test_a_viewer_changes_nothing(running_service, viewers_key, path):
    with at_the_console(running_service, viewers_key) as browser:
        answer = browser.send(path.replace("{identity}", "p_1"))
        assert answer.status_code == 403
        assert "only views" in answer.text


def test_a_form_of_another_site_does_nothing(running_service):
    with at_the_console(running_service) as browser:
        headers = {"Sec-Fetch-Site": "cross-site"}
        sent = {"token": browser.token()}
        answer = browser.client.post("/console/nowhere", data=sent, headers=headers)
        assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["publishable", "content", "revoked", "none"])
def test_a_key_that_does_not_open_is_not_told_from_one_that_nobody_knows(
    running_service, secret, kind
):
    given = {"publishable": PUBLISHABLE, "none": "mk_nobody_knows_this"}.get(kind)
    if given is None:
        body = {"kind": "content"} if kind == "content" else {"kind": "console"}
        made = secret.post("/v1/keys", json=body).json()
        given = made["key"]
        if kind == "revoked":
            secret.delete(f"/v1/keys/{made['id']}")
    with at_the_console(running_service, None) as browser:
        browser.client.headers["X-Forwarded-For"] = kind
        answer = browser.sign_in(given)
    assert answer.status_code == 401
    assert "This key does not open the console." in answer.text
    assert given not in answer.text
    assert sessions.COOKIE not in answer.cookies


def test_the_cookie_is_for_the_console_alone_and_no_script_reads_it(running_service):
    with at_the_console(running_service, None) as browser:
        cookie = browser.sign_in(SECRET).headers["set-cookie"]
        for part in ("HttpOnly", "Path=/console", "SameSite=strict"):
            assert part in cookie
        assert "Secure" not in cookie
        browser.client.headers["X-Forwarded-Proto"] = "https"
        assert "Secure" in browser.sign_in(SECRET).headers["set-cookie"]


def test_a_session_ends_when_its_key_is_revoked(running_service, secret):
    made = secret.post("/v1/keys", json={"kind": "console"}).json()
    with at_the_console(running_service, made["key"]) as browser:
        browser.get("/console")
        secret.delete(f"/v1/keys/{made['id']}")
        assert browser.client.get("/console").status_code == 303


def test_a_changed_cookie_is_none(running_service):
    with at_the_console(running_service) as browser:
        cookie = browser.client.cookies[sessions.COOKIE]
        body, _, signature = cookie.partition(".")
        for forged in (
            f"{body}.{signature[:-2]}xx",
            f"{body[:-4]}AAAA.{signature}",
            body,
            "." + signature,
            "",
            "é" * 2000,
        ):
            header = {"Cookie": f"{sessions.COOKIE}={forged}".encode()}
            with running_service.client(None) as client:
                answer = client.get("/console", headers=header)
            assert answer.status_code == 303, forged


def test_signing_out_ends_it(running_service):
    with at_the_console(running_service) as browser:
        browser.client.post("/console/sign-out")
        assert browser.client.get("/console").status_code == 303


def test_after_signing_in_one_is_where_one_wanted_to_be_but_never_elsewhere(running_service):
    with at_the_console(running_service, None) as browser:
        wanted = browser.client.get("/console/personas?journey=aida").headers["location"]
        assert field(browser.get(wanted), "next") == "/console/personas?journey=aida"
        for hostile in ("https://evil.example", "//evil.example", "/console\\@evil.example", "/v1"):
            page = browser.get("/console/sign-in", next=hostile)
            assert field(page, "next") == "/console"


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/console", True),
        ("/console/personas?journey=aida", True),
        ("/console?journey=aida", True),
        ("/consolement", False),
        ("//evil.example/console", False),
        ("/console/\\evil", False),
        ("/console/\r\nSet-Cookie: a=b", False),
        ("https://evil.example/console", False),
    ],
)
def test_redirects_stay_within_the_console(path, ours):
    assert is_ours(path) is ours


def test_a_sign_in_form_of_another_site_does_not_sign_in(running_service):
    with at_the_console(running_service, None) as browser:
        answer = browser.client.post("/console/sign-in", data={"key": SECRET, "mark": "guessed"})
        assert answer.status_code == 403
        assert sessions.COOKIE not in answer.cookies


def test_whoever_tries_many_keys_has_to_wait(new_service):
    service = new_service()
    service.start()
    with at_the_console(service, None) as browser:
        for _ in range(MOST):
            assert browser.sign_in("mk_wrong").status_code == 401
        answer = browser.sign_in(SECRET)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= WITHIN


def test_after_a_while_one_may_try_again():
    attempts = Attempts()
    for number in range(MOST):
        assert attempts.wait("a", number) == 0
        attempts.failed("a", number)
    assert attempts.wait("a", 10) == pytest.approx(WITHIN - 10)
    assert attempts.wait("b", 10) == 0
    assert attempts.wait("a", WITHIN) == 0


def test_a_replica_that_only_serves_has_no_console(new_service):
    service = new_service(FINGERPOST_CONSOLE="false")
    service.start()
    with service.client(None) as client:
        assert client.get("/console").status_code == 404
        assert client.get("/console/sign-in").status_code == 404


def test_a_session_is_over_at_its_end(running_service):
    with at_the_console(running_service) as browser:
        cookie = browser.client.cookies[sessions.COOKIE]
    read = sessions._read(cookie.partition(".")[0])
    assert read is not None
    assert 0 < read.until - time.time() <= sessions.LASTS


def test_pages_have_a_policy_that_runs_and_loads_nothing_of_others(running_service):
    with at_the_console(running_service) as browser:
        for path in ("/console", "/console/nowhere", "/console/sign-in"):
            answer = browser.client.get(path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'nonce-")
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            nonce = policy.partition("'nonce-")[2].partition("'")[0]
            assert answer.text.count(f'nonce="{nonce}"') == 2
            assert nonce not in browser.client.get(path).text
            assert " style=" not in answer.text
            assert " onclick=" not in answer.text
            assert "access-control-allow-origin" not in answer.headers


def test_files_keep_for_ever_because_their_address_changes_with_them(running_service):
    with at_the_console(running_service) as browser:
        page = browser.get("/console")
        for tag, name in (("link[rel=stylesheet]", "href"), ("script", "src")):
            address = page.css_first(tag).attributes[name]
            answer = browser.client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        assert browser.client.get("/console/static/0/passwd").status_code == 404


def test_the_console_speaks_the_browsers_language_until_another_is_chosen(running_service):
    with at_the_console(running_service, language="de-CH, en;q=0.5") as browser:
        assert "Überblick" in browser.client.get("/console").text
        chosen = browser.client.get("/console/language/en?back=/console/personas")
        assert chosen.headers["location"] == "/console/personas"
        assert "Overview" in browser.client.get("/console").text
        away = browser.client.get("/console/language/en?back=//evil.example")
        assert away.headers["location"] == "/console"


def test_a_form_of_any_size_or_kind_is_answered(running_service):
    with at_the_console(running_service) as browser:
        for body, status in ((b"a=1&" * 5000, 400), (b"\xff\xfe", 400), (b"x" * 300_000, 413)):
            assert browser.client.post("/console/nowhere", content=body).status_code == status
