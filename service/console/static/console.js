// What HTML cannot do by itself. Every page works without this file.
for (const field of document.querySelectorAll("[data-goes]"))
  field.addEventListener("change", () => field.form.requestSubmit());
for (const form of document.querySelectorAll("form[data-asks]"))
  form.addEventListener("submit", (event) => { if (!confirm(form.dataset.asks)) event.preventDefault(); });
for (const place of document.querySelectorAll("[data-again]"))
  setTimeout(() => location.reload(), 1000 * Number(place.dataset.again));
for (const button of document.querySelectorAll("[data-prints]"))
  button.addEventListener("click", () => print());
for (const box of document.querySelectorAll("[data-all]"))
  box.addEventListener("change", () => { for (const each of box.form.querySelectorAll(`[name=${box.dataset.all}]`)) each.checked = box.checked; });
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});
const here = document.querySelector(".menu [aria-current]");
if (here) here.parentElement.scrollLeft += here.getBoundingClientRect().left - innerWidth / 3;
for (const place of document.querySelectorAll(".scroll, .clipped"))
  if (place.scrollWidth > place.clientWidth || place.scrollHeight > place.clientHeight) place.tabIndex = 0;
for (const button of document.querySelectorAll("[data-pictures]"))
  button.addEventListener("click", async () => {
    button.disabled = true;
    try { save(await picture(document.querySelector("main")), button.dataset.pictures); } finally { button.disabled = false; }
  });

// What is on the page as a PNG: drawn by the browser itself, from a drawing that holds the page's own HTML and style.
async function picture(whole) {
  const [copy, width, sharp] = [whole.cloneNode(true), 1280, 2];
  copy.className = "picture";
  for (const field of copy.querySelectorAll("input, select, script")) field.replaceWith(field.type === "hidden" ? "" : field.value ?? "");
  whole.after(copy);
  const height = copy.offsetHeight, html = new XMLSerializer().serializeToString(copy);
  copy.remove();
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join("\n");
  const look = getComputedStyle(document.documentElement), names = new Set(rules.match(/--[a-z0-9-]+(?=:)/g));
  const values = [...names].map((name) => `${name}: ${look.getPropertyValue(name)};`).join(" ");
  const { fontFamily, fontSize, lineHeight } = getComputedStyle(document.body);
  const style = `${rules}\n.picture { ${values} position: static; font: ${fontSize}/${lineHeight} ${fontFamily} }`.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * sharp}" height="${height * sharp}" viewBox="0 0 ${width} ${height}"><style>${style}</style><foreignObject width="${width}" height="${height}">${html}</foreignObject></svg>`;
  const image = new Image(), canvas = document.createElement("canvas");
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`;
  await image.decode();
  [canvas.width, canvas.height] = [width * sharp, height * sharp];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(file, name) {
  const link = document.createElement("a");
  [link.href, link.download] = [URL.createObjectURL(file), name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
