// Makes web/js/liveportrait_suite.js of web/src: `make web`, or `node web/build.mjs FOLDER` into
// another folder. Its first line says which sources it is of (tests/test_web.py).
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "js");
const TEXTS = ["../locales/en/front_end.json", "../locales/zh/front_end.json"];

async function digest() {
  const names = (await readdir(join(here, "src"))).sort().map((name) => `src/${name}`);
  const sum = createHash("sha256");
  for (const name of [...names, ...TEXTS]) sum.update(await readFile(join(here, name)));
  return sum.digest("hex").slice(0, 16);
}

await build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts"],
  outfile: join(folder, "liveportrait_suite.js"),
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "ascii",
  external: ["*/scripts/api.js", "*/scripts/app.js"], // ComfyUI's own
  banner: { js: `// Made of web/src (${await digest()}) by "make web"; change it there.` },
  logLevel: "warning",
});
