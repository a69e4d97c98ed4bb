"use strict";
// Small charts made of elements and SVG; every value stands in the document as text or title.

const SVG = "http://www.w3.org/2000/svg";
const NEARLY = 0.005; // shares that are told as "<1 %"

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const percent = (share) => (share < NEARLY ? "<1\u00a0%" : share > 1 - NEARLY && share < 1 ? ">99\u00a0%" : `${Math.round(100 * share)}\u00a0%`);
const signed = (number, digits) => `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(digits)}`;

// rows: [{label, share, before, tone}]; they stay in place, so that widths move when they change.
function drawBars(target, rows, wide = false) {
  const labels = rows.map((row) => row.label).join("|");
  const first = rows.reduce((best, row) => (row.share > best.share ? row : best), rows[0]);
  if (target.dataset.labels !== labels) {
    target.dataset.labels = labels;
    target.replaceChildren(...rows.map((row) => element("div", {},
      element("span", { class: "label" }, row.label),
      element("div", { class: "track" }, element("i", { class: row.tone }), element("u")),
      element("b"), element("em"))));
  }
  rows.forEach((row, index) => {
    const line = target.children[index];
    line.className = `row${wide ? " wide" : ""}${row === first ? " first" : ""}`;
    const [bar, mark] = line.querySelectorAll("i, u");
    requestAnimationFrame(() => { bar.style.width = `${100 * row.share}%`; });
    const moved = row.before === undefined ? 0 : Math.round(100 * row.share) - Math.round(100 * row.before);
    mark.hidden = moved === 0;
    if (moved) mark.style.left = `${100 * row.before}%`;
    line.title = row.before === undefined ? row.label : `${row.label}: ${percent(row.before)} before`;
    line.querySelector("b").textContent = percent(row.share);
    const change = line.querySelector("em");
    change.textContent = moved ? signed(moved, 0) : "";
    change.className = moved > 0 ? "up" : "down";
  });
}

// The evidence as a sum: prior, items, total, each with a bar to the left or right of the middle.
function drawSum(target, belief, name) {
  const total = belief.evidence.reduce((sum, item) => sum + item.logOdds, belief.priorLogOdds);
  const rows = [{ text: "before anything was known", logOdds: belief.priorLogOdds }, ...belief.evidence];
  const widest = Math.max(...rows.map((row) => Math.abs(row.logOdds)), Math.abs(total), 0.1);
  const line = (text, value, kind = "") => {
    const bar = element("i", { class: value < 0 ? "down" : "up" });
    bar.style.width = `${(50 * Math.abs(value)) / widest}%`;
    bar.style[value < 0 ? "right" : "left"] = "50%";
    return element("div", { class: `sum ${kind}` }, element("span", {}, text), element("div", {}, bar), element("b", {}, signed(value, 2)));
  };
  target.replaceChildren(
    element("p", { class: "small" }, `What speaks for “${name}” (+) and against it (−), in log-odds:`),
    ...rows.map((row) => line(row.text, row.logOdds)),
    line(`together, which is ${percent(belief.probability)}`, total, "total"));
}

// points: [{label, shares: [share of each band]}], drawn as stacked areas from left to right.
function drawWay(target, points, names) {
  const width = 400, height = 100, svg = document.createElementNS(SVG, "svg");
  const made = (name, attributes) => {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    return part;
  };
  for (const [key, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Belief over ${names.join(", ")} after each of ${points.length} steps` })) svg.setAttribute(key, value);
  const spread = points.length === 1 ? [points[0], points[0]] : points;
  const x = (index) => (width * index) / (spread.length - 1);
  let below = spread.map(() => 0);
  const labels = [];
  names.forEach((name, band) => {
    const above = below.map((base, index) => base + spread[index].shares[band]);
    const edge = (shares) => shares.map((share, index) => `${x(index).toFixed(1)},${(height * (1 - share)).toFixed(2)}`);
    svg.append(made("polygon", { points: [...edge(above), ...edge(below).reverse()].join(" "), class: `c${band}` }));
    const last = spread.length - 1;
    if (above[last] - below[last] > 0.13) {
      const label = element("span", { class: "band" }, name);
      label.style.bottom = `${50 * (above[last] + below[last])}%`;
      labels.push(label);
    }
    below = above;
  });
  const steps = points.map((point, index) => {
    const dot = element("span", { class: "step", title: point.label || "" });
    dot.style.left = points.length === 1 ? "0%" : `${(100 * index) / (points.length - 1)}%`;
    return dot;
  });
  target.replaceChildren(svg, ...labels, ...steps);
}
