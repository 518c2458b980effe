/**
 * A flame graph as one HTML page without references to anything outside: width is time, a click makes a frame as wide as
 * the page, the pointer shows name, place and times.
 *
 * @module
 */

import type { FlameFrame } from "./cpu_profile.ts";

const STYLE = `body{font:13px sans-serif;margin:12px}#graph{position:relative;width:100%}
.f{position:absolute;height:17px;box-sizing:border-box;border:1px solid #fff;overflow:hidden;white-space:nowrap;
font:11px monospace;line-height:15px;padding:0 2px;cursor:pointer}#info{height:3em;font-family:monospace}`;

/** Draws the frames under `focus`, and those above it at full width. */
const SCRIPT = `
const graph = document.getElementById("graph"), info = document.getElementById("info");
const colour = (f) => {
  let h = 0;
  for (const c of f.at.replace(/:\\d+$/, "") || f.name) h = (h * 31 + c.charCodeAt(0)) | 0;
  return "hsl(" + (f.at === "" ? 210 : (h >>> 0) % 60) + "," + (f.at === "" ? 15 : 85) + "%,75%)";
};
function place(f, depth, left, width, path) {
  const px = width * graph.clientWidth;
  if (px < 0.5) return depth;
  const div = document.createElement("div");
  div.className = "f";
  div.style.cssText = "top:" + depth * 18 + "px;left:" + left * 100 + "%;width:" + width * 100 + "%;background:" + colour(f);
  if (px > 25) div.textContent = f.name;
  div.onmousemove = () => info.textContent = f.name + "  " + f.at + "  total " + f.total.toFixed(1) + " ms (" +
    (100 * f.total / DATA.total).toFixed(1) + " %), self " + f.self.toFixed(1) + " ms (" +
    (100 * f.self / DATA.total).toFixed(1) + " %)";
  div.onclick = () => draw([...path, f]);
  graph.append(div);
  let deepest = depth, x = left;
  for (const child of f.children) {
    const share = width * child.total / f.total;
    deepest = Math.max(deepest, place(child, depth + 1, x, share, [...path, f]));
    x += share;
  }
  return deepest;
}
function draw(path) {
  graph.replaceChildren();
  path.slice(0, -1).forEach((f, depth) => {
    const div = document.createElement("div");
    div.className = "f";
    div.style.cssText = "top:" + depth * 18 + "px;left:0;width:100%;opacity:.6;background:" + colour(f);
    div.textContent = f.name;
    div.onclick = () => draw(path.slice(0, depth + 1));
    graph.append(div);
  });
  graph.style.height = (place(path[path.length - 1], path.length - 1, 0, 1, path.slice(0, -1)) + 2) * 18 + "px";
}
draw([DATA]);
onresize = () => draw([DATA]);`;

/** The page. */
export function flameGraphPage(title: string, tree: FlameFrame): string {
  const total = tree.totalMs;
  const plain = (frame: FlameFrame): unknown => ({
    name: frame.name,
    at: frame.at,
    self: Number(frame.selfMs.toFixed(2)),
    total: Number(frame.totalMs.toFixed(2)),
    // What would be less than a tenth of a pixel wide is left out.
    children: frame.children.filter((child) => child.totalMs > total / 20_000).map(plain),
  });
  const data = JSON.stringify(plain(tree)).replaceAll("<", "\\u003c");
  const safe = title.replace(/[<>&]/g, "");
  return `<!doctype html><meta charset="utf-8"><title>${safe}</title><style>${STYLE}</style>
<h3>${safe}</h3><div id="info">point at a frame; click to zoom</div><div id="graph"></div>
<script>const DATA = ${data};${SCRIPT}</script>
`;
}
