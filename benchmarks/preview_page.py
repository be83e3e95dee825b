"""Print how long a change of a slider takes until the page shows it, step by step.

python -m benchmarks.preview_page http://127.0.0.1:8188

A ComfyUI with this pack runs at the address; its input folder has the pack's demo portrait. The
browser is that of tests/comfyui_real (docs/testing.md says what it needs).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final

from tests.comfyui_real.browser import HTML_NODES, Browser
from tests.comfyui_real.test_editor import BUILD, Editor

PHOTO: Final = "lps_portrait.jpg"
SETTLE_S: Final = 3.0
"""After the page was opened: its own work is not measured."""
CHANGES: Final = """
    const { changes, every } = argument;
    const slider = document.querySelector('[data-control="blink_left"]');
    const canvas = document.querySelector(".lps canvas");
    const pen = canvas.getContext("2d");
    const drawn = [];
    const drawImage = pen.drawImage.bind(pen);
    pen.drawImage = (...given) => {
        drawImage(...given);
        drawn.push(performance.now());
    };
    performance.clearResourceTimings();
    performance.setResourceTimingBufferSize(1000);
    const asked = [];
    for (let index = 0; index < changes; index += 1) {
        const before = drawn.length;
        asked.push(performance.now());
        slider.value = (index % 20) / 20;
        slider.dispatchEvent(new Event("input"));
        const next = asked.at(-1) + every;
        // dragged: a change comes whether or not the last one is shown
        while (every ? performance.now() < next : drawn.length === before) {
            await new Promise((done) => setTimeout(done, 1));
        }
    }
    const last = drawn.length;
    while (document.querySelector(".lps").ariaBusy === "true") {
        await new Promise((done) => setTimeout(done, 1));
    }
    delete pen.drawImage;
    const requests = performance.getEntriesByType("resource")
        .filter((one) => one.name.includes("/preview/expression"))
        .map((one) => ({
            start: one.startTime,
            end: one.responseEnd,
            steps: Object.fromEntries(one.serverTiming.map((step) => [step.name, step.duration])),
        }));
    return { asked, drawn, requests };
"""
RUN: Final = f"return (async () => {{{CHANGES}}})()"
LEGEND: Final = """\
Milliseconds, median and 95 %. In turn: the next change comes when the last one is shown. Dragged:
a change every {every} ms, each until the first picture of it or of a later one. What the server
does, it says itself (Server-Timing); transport is the rest of a request, the page all before and
after it. The page and the networks share the processor."""


def at(times: Sequence[float], part: float) -> float:
    """The value that a part of all values lies below."""
    return sorted(times)[min(len(times) - 1, round(part * (len(times) - 1)))]


def steps_of(measured: dict[str, Any]) -> dict[str, list[float]]:
    """Times of the steps of each change that was asked for in turn."""
    steps: dict[str, list[float]] = {}
    pairs = zip(measured["asked"], measured["drawn"], measured["requests"], strict=True)
    for asked, drawn, request in pairs:
        whole, server = drawn - asked, sum(request["steps"].values())
        sent = request["end"] - request["start"]
        found = {**request["steps"], "transport": sent - server, "page": whole - sent}
        outside = whole - request["steps"]["networks"]
        for name, time in {**found, "all": whole, "outside the networks": outside}.items():
            steps.setdefault(name, []).append(time)
    return steps


def dragged(measured: dict[str, Any]) -> list[float]:
    """How long each change took until a request that had it was shown."""
    waits: list[float] = []
    for asked in measured["asked"]:
        shown = [
            drawn
            for request, drawn in zip(measured["requests"], measured["drawn"], strict=True)
            if request["start"] >= asked
        ]
        waits.append(min(shown) - asked)
    return waits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.preview_page",
        description="How long a change takes until the page shows it.",
    )
    parser.add_argument("url", help="address of a running ComfyUI with this pack")
    parser.add_argument("--changes", type=int, default=50, help="of each kind (50)")
    parser.add_argument("--every", type=int, default=60, help="ms between dragged changes (60)")
    parser.add_argument("--html-nodes", action="store_true", help="nodes as HTML (Nodes 2.0)")
    options = parser.parse_args(arguments)
    with Browser() as browser:
        version = browser.open(options.url, {HTML_NODES: options.html_nodes})
        browser.evaluate(BUILD, PHOTO)
        browser.settle(1)
        browser.fit()
        Editor(browser).seen()
        browser.settle(SETTLE_S)
        in_turn = browser.evaluate(RUN, {"changes": options.changes, "every": 0})
        browser.settle(1)
        drag = browser.evaluate(RUN, {"changes": options.changes, "every": options.every})
    print(f"front end {version}, {'HTML nodes' if options.html_nodes else 'canvas'}")
    print(LEGEND.format(every=options.every))
    print(f"\n{'':<22}{'median':>9}{'95 %':>9}")
    rows = {**steps_of(in_turn), "dragged, all": dragged(drag)}
    for name, times in rows.items():
        print(f"{name:<22}{at(times, 0.5):9.1f}{at(times, 0.95):9.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
