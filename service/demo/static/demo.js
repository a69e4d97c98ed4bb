"use strict";
// The visitor's side of the demo: sends what you do, and draws what the service makes of it.

const at = (id) => document.getElementById(id);
const DAY = 86400000;
const LADDER = ["awareness", "favorability", "consideration", "intent", "conversion", "after-sales", "loyalty"];
const TELLING = 0.05; // log-odds below which an item of evidence is left out here

let me = restored();
let last = null;
let personaNames = {};

function restored() {
  try {
    const kept = JSON.parse(sessionStorage.getItem("visitor"));
    if (kept && kept.id) return kept;
  } catch { /* a visitor that cannot be read is a new one */ }
  return fresh();
}

function fresh() {
  const id = `demo-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;
  return { id, clock: Date.now() - 60 * DAY, started: Date.now(), way: [], journey: "classic-5", channel: "search" };
}

// The visitor's own clock starts two months ago, so that weeks can pass; between jumps it runs as ours does.
const now = () => me.clock + (Date.now() - me.started);

async function send(events) {
  const body = { anonymousId: me.id, events, journey: me.journey, at: new Date(now()).toISOString(), path: path() };
  const answer = await fetch("/demo/api/visit", { method: "POST", body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail || answer.statusText);
  return told;
}

const path = () => decodeURIComponent(location.pathname.replace(/^\/demo/, "")) || "/";

function context() {
  return { search: { page: { referrer: "https://www.google.com/" } }, email: { campaign: { medium: "email" } },
    social: { campaign: { medium: "social" } }, paid: { campaign: { medium: "cpc" } }, direct: {} }[me.channel];
}

function message(fields, moment = now()) {
  return { messageId: crypto.randomUUID(), timestamp: new Date(moment).toISOString(), context: context(), ...fields };
}

async function viewed() {
  await show([message({ type: "page", properties: { contentId: path() } })]);
}

async function did(event) {
  const value = event === "Order Completed" ? { revenue: 1990 } : {};
  await show([message({ type: "track", event, properties: { contentId: path(), ...value } })]);
}

async function show(events) {
  try {
    const told = await send(events);
    draw(told, events.length > 0);
    keep();
  } catch (error) {
    at("phase-words").textContent = `The service does not answer: ${error.message}. Is it still running?`;
  }
}

const keep = () => sessionStorage.setItem("visitor", JSON.stringify({ ...me, clock: now(), started: Date.now() }));

// --- drawing -------------------------------------------------------------------------------------

function draw(told, moved) {
  const { phase, persona } = told.visitor;
  if (moved) me.way.push({ label: path(), shares: LADDER.map((rung) => phase.ladder[rung]) });
  drawPhases(phase, told.phaseNames);
  drawPersona(persona, told.about);
  drawList(told.recommendations);
  drawWay(at("way"), me.way.length ? me.way.slice(-60) : [{ shares: LADDER.map((rung) => phase.ladder[rung]) }], LADDER);
  at("count").textContent = `${me.way.length} step${me.way.length === 1 ? "" : "s"}`;
  at("clock").textContent = new Date(now()).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  at("speed").textContent = `chosen in ${told.recommendations.tookMs.toFixed(1)} ms`;
  at("call").textContent = `POST /v1/recommendations\nAuthorization: Bearer pk_…\n\n${JSON.stringify(told.request, null, 2)}`;
  last = told;
}

function drawPhases(phase, names) {
  const before = last && last.visitor.phase.journey === phase.journey ? last.visitor.phase.distribution : {};
  const ids = Object.keys(phase.distribution);
  const tone = (index) => `c${Math.round((index * 6) / Math.max(ids.length - 1, 1))}`;
  drawBars(at("phases"), ids.map((id, index) => ({
    label: names[id] || id, share: phase.distribution[id], before: before[id], tone: tone(index) })));
  at("phase-words").textContent = `Most likely ${names[phase.id] || phase.id}, ${percent(phase.probability)} sure. What led there:`;
  drawWhy(at("phase-why"), phase.evidence);
}

function drawPersona(persona, about) {
  at("persona-name").textContent = persona.name;
  at("persona-about").textContent = about || "";
  at("persona-share").textContent = percent(persona.probability);
  const shares = Object.entries(persona.distribution).sort((a, b) => b[1] - a[1]).slice(0, 4);
  const rows = shares.map(([id, share]) => ({ label: personaNames[id] || id, share, tone: "cp" }));
  at("personas").hidden = rows.length < 2;
  if (rows.length > 1) drawBars(at("personas"), rows, true);
  drawWhy(at("persona-why"), persona.evidence);
}

function drawWhy(target, evidence) {
  const telling = evidence.filter((item) => Math.abs(item.logOdds) >= TELLING).slice(-8);
  target.replaceChildren(...telling.map((item) => {
    const sign = item.logOdds > 0 ? "+" : "−";
    return element("li", { class: item.logOdds > 0 ? "up" : "down" },
      `${item.text} `, element("b", {}, `${sign}${Math.abs(item.logOdds).toFixed(2)}`));
  }));
}

function drawList(recommendations) {
  const had = new Set(last ? last.recommendations.items.map((item) => item.contentId) : []);
  const link = (item, ...inside) => element("a", { href: `/demo${item.contentId}`, "data-recommended": item.rank }, ...inside);
  at("list").replaceChildren(...recommendations.items.map((item) => {
    const reasons = item.reasons.slice(0, 2).map((reason) => reason.text).join(" · ");
    return element("li", had.size && !had.has(item.contentId) ? { class: "fresh" } : {},
      link(item, item.title), element("small", {}, `${(item.type || "").replace("-", " ")} · ${reasons}`));
  }));
  at("cards").replaceChildren(...recommendations.items.slice(0, 4).map((item) => {
    const card = link(item,
      element("img", { src: `/demo/static/${(item.properties || {}).image || "house"}.svg`, alt: "", width: 120, height: 72 }),
      element("small", {}, (item.type || "").replace("-", " ")), element("b", {}, item.title),
      element("em", {}, item.reasons.length ? item.reasons[0].text : ""));
    card.className = "card";
    return card;
  }));
}

// --- what you can do -----------------------------------------------------------------------------

async function go(href, push = true) {
  const answer = await fetch(href, { headers: { "X-Fragment": "page" } });
  if (!answer.ok) return;
  if (push) history.pushState(null, "", href);
  at("page").innerHTML = await answer.text(); // our own server's page; bodies are rendered without raw HTML
  at("address").textContent = `www.warmbek.example${path()}`;
  document.title = `${at("page").querySelector("h1").textContent} · Warmbek, a Fingerpost demo`;
  scrollTo({ top: 0 });
  at("page").focus({ preventScroll: true });
  await viewed();
}

document.addEventListener("click", async (happened) => {
  const link = happened.target.closest("a[href^='/demo/'], a[href^='/']");
  if (link && !happened.ctrlKey && !happened.metaKey && link.getAttribute("href").startsWith("/")) {
    happened.preventDefault();
    const target = link.getAttribute("href");
    const href = target.startsWith("/demo") ? target : `/demo${target}`;
    if (link.dataset.recommended && last) {
      const { recommendationId } = last.recommendations;
      await send([message({ type: "track", event: "Recommendation Clicked",
        properties: { recommendationId, contentId: href.replace(/^\/demo/, ""), rank: Number(link.dataset.recommended) } })]);
    }
    await go(href);
  }
  const button = happened.target.closest("button[data-event]");
  if (button) {
    await did(button.dataset.event);
    button.textContent = `✓ ${button.textContent}`;
    button.disabled = true;
  }
});

addEventListener("popstate", () => go(location.pathname, false));
at("wait").addEventListener("click", async () => { me.clock += 7 * DAY; await show([]); });
at("anew").addEventListener("click", async () => { me = { ...fresh(), journey: me.journey, channel: me.channel }; last = null; await go("/demo/"); });
at("channel").addEventListener("change", () => { me.channel = at("channel").value; keep(); });
at("journey").addEventListener("change", async () => { me.journey = at("journey").value; last = null; await show([]); });

async function begin() {
  const known = await (await fetch("/demo/api/known")).json();
  personaNames = known.personas;
  at("journey").replaceChildren(...known.journeys.map((journey) => element("option", { value: journey.id }, journey.name)));
  at("journey").value = me.journey;
  at("channel").value = me.channel;
  at("legend").replaceChildren(...LADDER.map((rung, index) => element("li", {}, element("i", { class: `c${index}` }), rung)));
  await viewed();
}

begin();
