"use strict";
// The visitor: sends what it does, and remembers the way within this tab.

const DAY = 86400000, DAYS_AFTER_ACTION = 4; // whoever has asked or ordered comes back some days later
const TRIES = 5;
let me = restored(), last = null, known = { personas: {}, journeys: [] };

function restored() {
  try {
    const kept = JSON.parse(sessionStorage.getItem("visitor"));
    if (kept && kept.id) return kept;
  } catch { /* a visitor that cannot be read is a new one */ }
  return fresh();
}

// The visitor's own clock starts two months ago, so that weeks can pass; between jumps it runs as ours does.
function fresh() {
  const id = `demo-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;
  return { id, clock: Date.now() - 60 * DAY, since: Date.now(), way: [], done: [], journey: "classic-5", channel: "search", arrived: true };
}

const now = () => Math.min(me.clock + (Date.now() - me.since), Date.now());
const keep = () => { me.clock = now(); me.since = Date.now(); sessionStorage.setItem("visitor", JSON.stringify(me)); };
const path = () => decodeURIComponent(location.pathname.replace(/^\/demo/, "")) || "/";
const when = () => ({ journey: me.journey, at: new Date(now()).toISOString(), path: path() });

async function ask(what, body) {
  const sent = { method: "POST", body: JSON.stringify({ ...body, ...when() }) };
  let answer = await fetch(`/demo/api/${what}`, sent);
  for (let tries = 1; answer.status === 503 && tries < TRIES; tries += 1) { // events have ids: sent again they count once
    await new Promise((done) => setTimeout(done, 300 * tries));
    answer = await fetch(`/demo/api/${what}`, sent);
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail || answer.statusText);
  return told;
}

const ORIGINS = { search: { page: { referrer: "https://www.google.com/" } }, email: { campaign: { medium: "email" } },
  social: { campaign: { medium: "social" } }, paid: { campaign: { medium: "cpc" } }, direct: {} };

function message(fields) {
  const came = me.arrived ? ORIGINS[me.channel] : {};
  const context = { ...came, userAgent: navigator.userAgent, screen: { width: screen.width } };
  me.arrived = false;
  return { messageId: uuid(), timestamp: new Date(now()).toISOString(), context, ...fields };
}

// crypto.randomUUID is missing where the page comes over plain HTTP from another machine.
const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const pageView = () => message({ type: "page", properties: { contentId: path() } });
const titleHere = () => (path() === "/" ? "the front page" : `“${at("page").querySelector("h1").textContent}”`);

async function step(events, doing) {
  try {
    const told = await ask("visit", { anonymousId: me.id, events });
    if (doing) me.way.push({ label: doing, shares: LADDER.map((rung) => told.visitor.phase.ladder[rung]) });
    if (told.recommendations.degraded.length) doing += ` (without ${told.recommendations.degraded.join(", ")})`;
    drawPanel(told, last, doing, known, me.way);
    last = told;
    at("whom").value = "";
    at("clock").textContent = new Date(now()).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
    at("wait").disabled = now() + 7 * DAY > Date.now();
    drawTour();
    keep();
  } catch (error) {
    at("story").textContent = `The service does not answer: ${error.message}. Is it still running?`;
  }
}

async function did(event) {
  const properties = { contentId: path(), ...(event === "Order Completed" ? { revenue: 1990 } : {}) };
  const words = { "Product Added": "You put it on your list", "Quote Requested": "You asked for a quote", "Demo Requested": "You booked a survey",
    "Content Shared": "You sent it to your partner", "Webinar Attended": "You watched the recording", "Support Ticket Opened": "You asked for service",
    "Referral Made": "You told a neighbour", "Newsletter Subscribed": "You subscribed to the letter", "Order Completed": "You ordered" };
  await step([message({ type: "track", event, properties })], words[event] || event);
  me.acted = true;
  keep();
}

async function tell() {
  const traits = {};
  for (const field of at("check").querySelectorAll("select")) {
    if (field.value) traits[field.name] = field.name === "kids" ? Number(field.value) : field.value;
  }
  if (Object.keys(traits).length) await step([message({ type: "identify", traits })], "You answered the three-minute check");
}

async function go(href, { push = true, clicked = [] } = {}) {
  const answer = await fetch(href, { headers: { "X-Fragment": "page" } });
  if (!answer.ok) { at("story").textContent = "The made-up site has no page for this."; return; }
  if (push) history.pushState(null, "", href);
  at("page").innerHTML = await answer.text(); // our own server's page; bodies are rendered without raw HTML
  at("address").textContent = `www.warmbek.example${path()}`;
  document.title = `${at("page").querySelector("h1").textContent} · Warmbek, a Fingerpost demo`;
  scrollTo({ top: 0 });
  at("page").focus({ preventScroll: true });
  const days = comesBack();
  await step([...clicked.map((make) => make()), pageView()], `${days ? "Four days later you" : "You"} opened ${titleHere()}`);
}

// After an action the next page is a new visit, some days later by the visitor's clock.
function comesBack() {
  const days = me.acted && now() + DAYS_AFTER_ACTION * DAY < Date.now() ? DAYS_AFTER_ACTION : 0;
  me.clock += days * DAY;
  me.acted = false;
  return days;
}

// --- the tour -------------------------------------------------------------------------------------

function drawTour() {
  const links = [...document.querySelectorAll(".tour a")];
  for (const link of links) link.classList.toggle("done", me.done.includes(link.dataset.step));
  const next = links.find((link) => !me.done.includes(link.dataset.step));
  for (const link of links) link.classList.toggle("now", link === next);
}

async function take(link) {
  const href = link.getAttribute("href");
  me.done.push(link.dataset.step);
  if (href !== "#") await go(href);
  if (!link.dataset.does) return;
  const button = at("page").querySelector(`[data-event="${link.dataset.does}"]`);
  if (button) await press(button); else await did(link.dataset.does);
}

async function press(button) {
  button.disabled = true;
  button.textContent = `✓ ${button.textContent}`;
  await did(button.dataset.event);
}

// --- what you can do ------------------------------------------------------------------------------

document.addEventListener("click", async (happened) => {
  if (happened.ctrlKey || happened.metaKey || happened.button) return;
  const link = happened.target.closest("a[href^='/'], .tour a"), button = happened.target.closest("button[data-event]");
  if (button) await press(button);
  if (happened.target.closest("#tell")) await tell();
  if (!link) return;
  happened.preventDefault();
  if (link.dataset.step) { await take(link); return; }
  const target = link.getAttribute("href");
  const clicked = link.dataset.recommended && last ? [() => message({ type: "track", event: "Recommendation Clicked", properties: {
    recommendationId: last.recommendations.recommendationId, contentId: decodeURI(target.replace(/^\/demo/, "")), rank: Number(link.dataset.recommended) } })] : [];
  await go(target.startsWith("/demo") ? target : `/demo${target}`, { clicked });
});

addEventListener("popstate", () => go(location.pathname, { push: false }));
at("wait").addEventListener("click", async () => { me.clock += 7 * DAY; me.arrived = true; await step([], "A week passed without a visit"); });
at("anew").addEventListener("click", async () => { me = { ...fresh(), journey: me.journey, channel: me.channel }; last = null; await go("/demo/"); });
at("channel").addEventListener("change", async () => { me = { ...fresh(), journey: me.journey, channel: at("channel").value }; last = null; await go("/demo/"); });
at("journey").addEventListener("change", async () => { me.journey = at("journey").value; last = null; drawWhom(); await step([], ""); });
at("whom").addEventListener("change", async () => {
  const phase = at("whom").value;
  drawList(phase ? (await ask("preview", { phase })).items : last.recommendations.items, last.recommendations.items);
});

function drawWhom() {
  const { phases } = known.journeys.find((journey) => journey.id === me.journey);
  at("whom").replaceChildren(element("option", { value: "" }, "you"), ...phases.map((phase) => element("option", { value: phase.id }, `others in ${phase.name}`)));
}

async function begin() {
  known = await (await fetch("/demo/api/known")).json();
  if (!known.journeys.some((journey) => journey.id === me.journey)) me.journey = "classic-5";
  at("journey").replaceChildren(...known.journeys.map((journey) => element("option", { value: journey.id }, journey.name)));
  at("journey").value = me.journey;
  at("channel").value = me.channel;
  drawWhom();
  await step([pageView()], `You opened ${titleHere()}`);
}

begin();
