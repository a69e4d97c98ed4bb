"use strict";
// Small charts made of elements and SVG; every value stands in the document as text or title.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const percent = (share) => (share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`);

// rows: [{label, share, before, tone}]; widths are kept in place so that they move when they change.
function drawBars(target, rows, wide = false) {
  const first = rows.reduce((best, row) => (row.share > best.share ? row : best), rows[0]);
  if (target.children.length !== rows.length || target.dataset.labels !== rows.map((r) => r.label).join("|")) {
    target.dataset.labels = rows.map((row) => row.label).join("|");
    target.replaceChildren(...rows.map((row) => element("div", { class: "row" },
      element("span", {}, row.label), element("div", { class: "track" }, element("i", { class: row.tone }), element("u")), element("span"))));
  }
  rows.forEach((row, index) => {
    const line = target.children[index];
    line.className = `row${wide ? " wide" : ""}${row === first ? " first" : ""}`;
    const [bar, mark] = line.querySelectorAll("i, u");
    requestAnimationFrame(() => { bar.style.width = `${100 * row.share}%`; });
    mark.hidden = row.before === undefined;
    if (row.before !== undefined) mark.style.left = `${100 * row.before}%`;
    line.title = row.before === undefined ? "" : `before: ${percent(row.before)}`;
    line.lastChild.textContent = percent(row.share);
  });
}

// points: [{label, shares: [share of each band]}], drawn as stacked areas from left to right.
function drawWay(target, points, names) {
  const width = 400, height = 136, svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "way");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Belief over ${names.join(", ")} after each of ${points.length} steps`);
  const spread = points.length === 1 ? [points[0], points[0]] : points;
  const x = (index) => (width * index) / (spread.length - 1);
  let below = spread.map(() => 0);
  names.forEach((name, band) => {
    const above = below.map((base, index) => base + spread[index].shares[band]);
    const y = (share) => height * (1 - share);
    const upper = above.map((share, index) => `${x(index)},${y(share)}`);
    const lower = below.map((share, index) => `${x(index)},${y(share)}`).reverse();
    const area = document.createElementNS(SVG, "polygon");
    area.setAttribute("points", [...upper, ...lower].join(" "));
    area.setAttribute("class", `c${band}`);
    const title = document.createElementNS(SVG, "title");
    title.textContent = `${name}: ${spread.map((point) => percent(point.shares[band])).join(", ")}`;
    area.append(title);
    svg.append(area);
    below = above;
  });
  target.replaceChildren(svg);
}
