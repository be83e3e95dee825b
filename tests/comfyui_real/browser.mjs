// Drives ComfyUI's front end in Chromium: one JSON command a line on stdin, one JSON answer a line
// on stdout. The Python side is browser.py. Functions named in_page_* run inside the page.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";
import { createInterface } from "node:readline";

const [executablePath, playwrightDir] = process.argv.slice(2);
const { chromium } = createRequire(join(playwrightDir, "node.js"))("playwright-core");
const KINDS = {
  ".json": "application/json", ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
  ".mp4": "video/mp4", ".wav": "audio/wav",
};
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
});
let page;
let messages = [];

function listen() {
  messages = [];
  const add = (kind, text, url = "") => messages.push({ kind, text, url });
  page.on("console", (message) => add(message.type(), message.text(), message.location().url));
  page.on("pageerror", (error) => add("exception", String(error.stack ?? error)));
  page.on("response", (answer) => {
    if (answer.status() >= 400) add("status", String(answer.status()), answer.url());
  });
}

function in_page_ready() {
  return Boolean(window.app?.vueAppReady && window.app.extensionManager?.workflow?.activeWorkflow);
}

function in_page_watch() {
  window.__ends = {};
  for (const kind of ["execution_success", "execution_error", "execution_interrupted"]) {
    window.app.api.addEventListener(kind, ({ detail }) => {
      window.__ends[detail.prompt_id] = { kind, ...detail };
    });
  }
}

// What is under a point, so that canvas and HTML nodes get the drop that a hand would give them.
function in_page_drop({ name, type, base64, x, y }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true, dataTransfer, clientX: x, clientY: y };
  const target = document.elementFromPoint(x, y);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, options));
  }
}

// A point near the top of a node: lower down a player may lie over the canvas and take the drop.
function in_page_node_place(id) {
  const { canvas, graph } = window.app;
  const node = graph._nodes.find((one) => String(one.id) === String(id) || one.title === id);
  if (!node) throw new Error(`no node ${id}`);
  const { scale, offset } = canvas.ds;
  const box = canvas.canvas.getBoundingClientRect();
  return {
    x: box.left + (node.pos[0] + node.size[0] / 2 + offset[0]) * scale,
    y: box.top + (node.pos[1] + 12 + offset[1]) * scale,
  };
}

function in_page_nodes() {
  return window.app.graph._nodes.map((node) => ({
    id: String(node.id),
    type: node.type,
    title: node.title,
    position: [...node.pos],
    size: [...node.size],
    known: Boolean(window.LiteGraph.registered_node_types[node.type]),
    has_errors: Boolean(node.has_errors),
    pictures: (node.imgs ?? []).filter((image) => image.naturalWidth > 0).length,
    widgets: Object.fromEntries(
      (node.widgets ?? [])
        .filter((widget) => ["string", "number", "boolean"].includes(typeof widget.value))
        .map((widget) => [widget.name, widget.value]),
    ),
  }));
}

// Where things are, in the graph's own pixels, whichever renderer draws them. `parts` are the HTML
// elements that classic nodes have over the canvas, `cut` the texts that are not seen whole.
function in_page_layout() {
  const { canvas, graph } = window.app;
  const { scale, offset } = canvas.ds;
  const origin = canvas.canvas.getBoundingClientRect();
  const placed = ({ left, top, width, height }) => [
    (left - origin.left) / scale - offset[0],
    (top - origin.top) / scale - offset[1],
    width / scale,
    height / scale,
  ];
  const outgrown = (element) =>
    [element, ...element.querySelectorAll("*")].filter((one) => {
      const { overflowX, overflowY } = getComputedStyle(one);
      return (
        (overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1) ||
        (overflowY !== "visible" && one.scrollHeight > one.clientHeight + 1)
      );
    });
  const words = (elements) => elements.map((one) => one.innerText.trim()).filter(Boolean);
  const pen = document.createElement("canvas").getContext("2d");
  const width = (text, font) => ((pen.font = font), pen.measureText(text).width);
  const painted = (node) => {
    const { NODE_TITLE_HEIGHT, NODE_TEXT_SIZE, NODE_SUBTEXT_SIZE, NODE_FONT } = window.LiteGraph;
    const [title, text] = [NODE_TEXT_SIZE, NODE_SUBTEXT_SIZE].map((px) => `${px}px ${NODE_FONT}`);
    const room = node.size[0];
    const rows = Math.max(node.inputs?.length ?? 0, node.outputs?.length ?? 0);
    const label = (slot) => (slot && !slot.widget ? (slot.label ?? slot.localized_name ?? slot.name) : "");
    const plain = (node.inputs ?? []).filter((slot) => !slot.widget);
    const lines = [...Array(rows).keys()].map((row) => [label(plain[row]), label(node.outputs?.[row])]);
    const long = lines.filter((pair) => width(pair.join(""), text) + 2 * NODE_TITLE_HEIGHT > room);
    const titles = width(node.title, title) + 1.5 * NODE_TITLE_HEIGHT > room ? [node.title] : [];
    return node.flags?.collapsed ? [] : [...titles, ...long.map((pair) => pair.join(" ... "))];
  };
  const nodes = graph._nodes.map((node) => {
    const html = document.querySelector(`[data-node-id="${node.id}"]`);
    const elements = (html ? [] : (node.widgets ?? []))
      .map((widget) => widget.element)
      .filter((element) => element?.isConnected && element.checkVisibility());
    return {
      id: String(node.id),
      type: node.type,
      title: node.title,
      box: html ? placed(html.getBoundingClientRect()) : [...node.getBounding()],
      parts: elements.map((element) => placed(element.getBoundingClientRect())),
      cut: html ? words(outgrown(html)) : [...painted(node), ...words(elements.flatMap(outgrown))],
    };
  });
  const title = (group) => group.titleHeight ?? 1.4 * (group.font_size ?? 24);
  const groups = graph._groups.map((group) => ({
    title: group.title,
    box: [...group.pos, ...group.size],
    title_height: title(group),
  }));
  const [left, top, w, h] = placed(origin);
  return { scale, nodes, groups, seen: [left, top, w, h] };
}

// Any player on the page: classic nodes keep theirs over the canvas, Nodes 2.0 inside the node.
function in_page_videos() {
  return [...document.querySelectorAll("video")].map((video) => ({
    source: video.currentSrc || video.src || video.querySelector("source")?.src || "",
    seconds: Number.isFinite(video.duration) ? video.duration : 0,
    width: video.videoWidth,
    height: video.videoHeight,
    visible: video.getBoundingClientRect().width > 1 && video.checkVisibility(),
  }));
}

function in_page_complaints() {
  const texts = (selector) =>
    [...document.querySelectorAll(selector)]
      .filter((element) => element.checkVisibility())
      .map((element) => element.innerText.trim())
      .filter(Boolean);
  return {
    dialogs: texts('.p-dialog, [role="dialog"], [role="alertdialog"], .comfy-modal'),
    toasts: texts('.p-toast-message, [data-testid="error-overlay"], [data-sonner-toast]'),
  };
}

async function settle(milliseconds = 500) {
  await page.waitForTimeout(milliseconds);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done())));
}

const commands = {
  async open({ url, settings, width, height, scale, touch }) {
    await page?.context().close();
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      reducedMotion: "reduce",
      hasTouch: touch,
      isMobile: touch,
    });
    page = await context.newPage();
    page.setDefaultTimeout(180000);
    listen();
    const body = JSON.stringify({ "Comfy.TutorialCompleted": true, ...settings });
    await fetch(`${url}/settings`, { method: "POST", body });
    await page.goto(url);
    await page.waitForFunction(in_page_ready);
    await page.evaluate(in_page_watch);
    await settle(1500);
    return page.evaluate(() => window.__COMFYUI_FRONTEND_VERSION__);
  },

  async drop({ file, node }) {
    const base64 = (await readFile(file)).toString("base64");
    const type = KINDS[extname(file)] ?? "application/octet-stream";
    const box = page.viewportSize();
    const place = node
      ? await page.evaluate(in_page_node_place, node)
      : { x: box.width / 2, y: box.height * 0.8 };
    await page.evaluate(in_page_drop, { name: basename(file), type, base64, ...place });
    await settle(1500);
    return null;
  },

  async set({ node, widgets }) {
    await page.evaluate(({ node, widgets }) => {
      const found = window.app.graph._nodes.find(
        (one) => String(one.id) === String(node) || one.title === node,
      );
      for (const [name, value] of Object.entries(widgets)) {
        const widget = found.widgets.find((one) => one.name === name);
        if (!widget) throw new Error(`${found.type} has no widget ${name}`);
        widget.value = value;
        widget.callback?.(value, window.app.canvas, found, [0, 0], undefined);
      }
    }, { node, widgets });
    return null;
  },

  async fit() {
    await page.evaluate(() => {
      window.app.canvas.deselectAll?.();
      return window.app.extensionManager.command.execute("Comfy.Canvas.FitView");
    });
    await settle(1000);
    return null;
  },

  async run({ timeout_s }) {
    const [answer] = await Promise.all([
      page.waitForResponse(
        (answer) => answer.request().method() === "POST" && /\/prompt$/.test(answer.url()),
        { timeout: 20000 },
      ),
      page.getByTestId("queue-button").first().click({ timeout: 15000 }),
    ]);
    const body = await answer.json();
    if (answer.ok()) {
      const options = { timeout: timeout_s * 1000, polling: 100 };
      await page.waitForFunction((id) => window.__ends[id], body.prompt_id, options);
    }
    await settle(1500);
    if (!answer.ok() || Object.keys(body.node_errors).length) return { kind: "refused", ...body };
    return page.evaluate((id) => window.__ends[id], body.prompt_id);
  },

  async screenshot({ file, canvas_only }) {
    const target = canvas_only ? page.locator("#graph-canvas") : page;
    const quality = file.endsWith(".jpg") ? { type: "jpeg", quality: 88 } : {};
    await target.screenshot({ path: file, ...quality });
    return file;
  },

  async author({ script, description }) {
    await page.addScriptTag({ path: script });
    return page.evaluate((description) => window.__author(description), description);
  },

  nodes: () => page.evaluate(in_page_nodes),
  layout: () => page.evaluate(in_page_layout),
  videos: () => page.evaluate(in_page_videos),
  complaints: () => page.evaluate(in_page_complaints),
  prompt: async () => (await page.evaluate(() => window.app.graphToPrompt())).output,
  workflow: () => page.evaluate(() => window.app.graph.serialize()),
  evaluate: ({ script, argument }) =>
    page.evaluate(({ script, argument }) => new Function("argument", script)(argument), {
      script,
      argument,
    }),
  settle: ({ seconds }) => settle(seconds * 1000).then(() => null),
  press: ({ keys }) => page.keyboard.press(keys).then(() => null),
  async drag({ points, key }) {
    const [first, ...others] = points;
    await page.mouse.move(...first);
    if (key) await page.keyboard.down(key);
    await page.mouse.down();
    for (const point of others) await page.mouse.move(...point, { steps: 5 });
    await page.mouse.up();
    if (key) await page.keyboard.up(key);
    return null;
  },
  // "down", "up", or a point to move to
  async mouse({ steps }) {
    for (const step of steps) {
      if (step === "down" || step === "up") await page.mouse[step]();
      else await page.mouse.move(...step, { steps: 5 });
    }
    return null;
  },
  // fingers as the browser itself gets them, so that it may scroll or zoom instead
  async touch({ points, hold_ms }) {
    const session = await page.context().newCDPSession(page);
    const send = (type, point) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints: point ? [{ x: point[0], y: point[1] }] : [] });
    await send("touchStart", points[0]);
    if (hold_ms) await page.waitForTimeout(hold_ms);
    for (let index = 1; index < points.length; index += 1) {
      const [from, to] = [points[index - 1], points[index]];
      for (let part = 1; part <= 8; part += 1) {
        await send("touchMove", from.map((start, axis) => start + ((to[axis] - start) * part) / 8));
        await page.waitForTimeout(16);
      }
    }
    await send("touchEnd");
    await session.detach();
    return null;
  },
  click: ({ selector }) => page.locator(selector).first().click().then(() => null),
  messages: async () => messages,
};

console.log(JSON.stringify({ value: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await commands[command](given)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message ?? error) }));
  }
}
await browser.close();
