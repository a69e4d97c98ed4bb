"""What the console costs: bytes, CPU time of the service and first paint of every page.

    fingerpost demo --port 8080 &     # its last lines show the key
    python benchmarks/console.py --url http://127.0.0.1:8080 --key sk_… [--pid SERVICE]

CPU time is the service's own, of all its threads, from /proc; so it holds on a busy machine. First
paint is Chromium's own figure, the best of three, where there is a Chromium.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from pathlib import Path

import httpx

PAGES = (
    "/console",
    "/console/personas",
    "/console/personas/compare",
    "/console/personas/history",
    "/console/journey",
    "/console/content",
    "/console/content/review",
    "/console/coverage",
    "/console/visitors",
    "/console/recommendations",
    "/console/models",
    "/console/settings",
)
TIMES, PAINTS = 20, 3
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def signed_in(url: str, key: str) -> httpx.Client:
    client = httpx.Client(base_url=url, timeout=60)
    page = client.get("/console/sign-in").text
    found = re.search(r'name="mark" value="([^"]+)"', page)
    if found is None:
        raise SystemExit("this is no sign-in page")
    sent = {"mark": found[1], "key": key, "next": ""}
    if client.post("/console/sign-in", data=sent).status_code != httpx.codes.SEE_OTHER:
        raise SystemExit("the key does not open the console")
    return client


def cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def visitor(client: httpx.Client) -> str | None:
    found = re.search(r'href="(/console/visitors\?id=[^"]+)"', client.get("/console/visitors").text)
    return found[1].replace("&amp;", "&") if found else None


def paints(url: str, client: httpx.Client, pages: list[str]) -> dict[str, float]:
    if not CHROMIUM.exists():
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        cookies = [
            {"name": name, "value": value, "url": f"{url}/console"}
            for name, value in client.cookies.items()
        ]
        context.add_cookies(cookies)  # type: ignore[arg-type]  # names and values are enough
        page, found = context.new_page(), {}
        for path in pages:
            told = []
            for _ in range(PAINTS):
                page.goto(url + path)
                while (paint := page.evaluate(PAINTED)) is None:
                    page.wait_for_timeout(20)
                told.append(float(paint))
            found[path] = min(told)
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--key", required=True)
    parser.add_argument("--pid", type=int, help="of the service, for its CPU time")
    args = parser.parse_args()
    client = signed_in(args.url, args.key)
    pages = [*PAGES, *([one] if (one := visitor(client)) else [])]
    painted = paints(args.url, client, pages)
    print("| page | KB | CPU, ms | wall, ms | first paint, ms |\n|---|---|---|---|---|")
    for path in pages:
        size = len(client.get(path).content)
        before, begun = cpu_ms(args.pid) if args.pid else 0.0, time.perf_counter()
        for _ in range(TIMES):
            client.get(path).raise_for_status()
        wall = 1000 * (time.perf_counter() - begun) / TIMES
        cpu = f"{(cpu_ms(args.pid) - before) / TIMES:.0f}" if args.pid else "-"
        paint = f"{painted[path]:.0f}" if path in painted else "-"
        name = path.partition("=")[0]
        print(f"| `{name}` | {size / 1024:.0f} | {cpu} | {wall:.0f} | {paint} |")


if __name__ == "__main__":
    main()
