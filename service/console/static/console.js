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
