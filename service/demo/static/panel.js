"use strict";
// The right side: where the visitor stands, who it is, what is worth showing, and why.

const at = (id) => document.getElementById(id);
const LADDER = ["awareness", "favorability", "consideration", "intent", "conversion", "after-sales", "loyalty"];
const TELLING = 0.05; // log-odds below which evidence is only told in the sum
const MOST_CHIPS = 4, MOST_PERSONAS = 3, MOST_STEPS = 60;
const PICTURES = ["battery", "car", "chart", "house", "insulation", "panel", "people", "pump"];

const typed = (item) => (item.type || "").replace("-", " ");

// told, before: answers of the service, now and one step ago; doing: the step in words, or "".
function drawPanel(told, before, doing, known, way) {
  const { phase, persona } = told.visitor;
  const names = namesOf(phase.journey, known);
  const same = before && before.visitor.phase.journey === phase.journey ? before.visitor : null;
  drawPhases(phase, same ? same.phase.distribution : {}, names);
  if (doing) at("story").replaceChildren(...story(doing, phase, same ? same.phase.distribution : null, names));
  drawPersona(persona, before ? before.visitor.persona.distribution : {}, known);
  drawList(told.recommendations.items, before ? before.recommendations.items : null);
  drawCards(told.recommendations.items);
  drawWay(at("way"), way.length ? way.slice(-MOST_STEPS) : [{ shares: LADDER.map((rung) => phase.ladder[rung]) }], LADDER);
  at("count").textContent = `${way.length} step${way.length === 1 ? "" : "s"}`;
  at("speed").textContent = `Chosen from all content in ${told.recommendations.tookMs.toFixed(1)} ms, this click included.`;
  at("call").textContent = `POST /v1/recommendations\nAuthorization: Bearer pk_…\n\n${JSON.stringify(told.request, null, 2)}`;
  at("brief").replaceChildren(element("b", {}, names[phase.id]), ` ${percent(phase.probability)} · `, element("b", {}, persona.name), ` ${percent(persona.probability)}`);
}

const namesOf = (journey, known) => Object.fromEntries(
  known.journeys.find((each) => each.id === journey).phases.map((phase) => [phase.id, phase.name]));

function drawPhases(phase, before, names) {
  const ids = Object.keys(phase.distribution);
  const tone = (index) => `c${Math.round((index * 6) / Math.max(ids.length - 1, 1))}`;
  drawBars(at("phases"), ids.map((id, index) => ({
    label: names[id] || id, share: phase.distribution[id], before: before[id], tone: tone(index) })));
  drawWhy(at("phase-why"), phase.evidence, names[phase.id]);
  drawSum(at("phase-sum"), phase, names[phase.id]);
}

// "You opened …: Consideration up from 24 to 41 %, Awareness down to 30 %."
function story(doing, phase, before, names) {
  const said = [`${doing}. `];
  const moves = before === null ? [] : Object.keys(phase.distribution)
    .map((id) => ({ id, share: phase.distribution[id], by: phase.distribution[id] - before[id] }))
    .sort((one, other) => other.by - one.by);
  if (!moves.length || moves[0].by < 0.01) {
    return [...said, "Most likely you stand at ", element("b", {}, names[phase.id]), ` (${percent(phase.probability)}).`];
  }
  const [up, down] = [moves[0], moves[moves.length - 1]];
  return [...said, element("b", {}, names[up.id]), ` rises to ${percent(up.share)}, ${names[down.id]} falls to ${percent(down.share)}.`];
}

function drawPersona(persona, before, known) {
  at("persona-name").textContent = persona.name;
  const about = (known.personas[persona.id] || {}).description;
  at("persona-about").textContent = about || "Nobody has trained personas yet: everybody is one of all.";
  at("persona-share").textContent = percent(persona.probability);
  const shares = Object.entries(persona.distribution).sort((a, b) => ((known.personas[b[0]] || {}).share || 0) - ((known.personas[a[0]] || {}).share || 0));
  const most = new Set([...shares].sort((a, b) => b[1] - a[1]).slice(0, MOST_PERSONAS).map(([id]) => id));
  const rows = shares.filter(([id]) => most.has(id)).map(([id, share]) => (
    { label: (known.personas[id] || {}).name || id, share, before: before[id], tone: "cp" }));
  at("personas").hidden = rows.length < 2;
  if (rows.length > 1) drawBars(at("personas"), rows, true);
  drawWhy(at("persona-why"), persona.evidence, "");
  drawSum(at("persona-sum"), persona, persona.name);
}

// The most telling items as chips, in the order of time; `name` of what they speak for, or "".
function drawWhy(target, evidence, name) {
  const telling = [...evidence].sort((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds))
    .filter((item) => Math.abs(item.logOdds) >= TELLING).slice(0, MOST_CHIPS);
  const chips = evidence.filter((item) => telling.includes(item)).map((item) => element("li",
    { class: item.logOdds > 0 ? "up" : "down", title: `Speaks ${item.logOdds > 0 ? "for" : "against"} it: ${signed(item.logOdds, 2)} log-odds` },
    element("b", {}, item.logOdds > 0 ? "▲" : "▼"), ` ${item.text}`));
  target.replaceChildren(...(chips.length && name ? [element("li", { class: "of" }, `For ${name} ▲, or against ▼:`)] : []), ...chips);
}

const linkTo = (item, ...inside) => (item.here
  ? element("a", { href: encodeURI(`/demo${item.contentId}`), "data-recommended": item.rank }, ...inside)
  : element("span", { title: "The made-up site has no page for this content." }, ...inside));

function drawList(items, had) {
  const known = had && new Set(had.map((item) => item.contentId));
  at("list").replaceChildren(...items.map((item) => {
    const reasons = item.reasons.filter((reason) => reason.weight > 0).map((reason) => reason.text);
    return element("li", known && !known.has(item.contentId) ? { class: "fresh" } : {},
      linkTo(item, item.title), element("small", { title: reasons.join(" · ") }, [typed(item), ...reasons.slice(0, 2)].filter(Boolean).join(" · ")));
  }));
  if (!items.length) at("list").append(element("li", { class: "empty" }, "Nothing is left that you have not seen."));
}

function drawCards(items) {
  at("cards").replaceChildren(...items.slice(0, 4).map((item) => {
    const picture = PICTURES.includes(item.image) ? item.image : "house";
    const reason = item.reasons.find((each) => each.weight > 0);
    const card = linkTo(item,
      element("img", { src: `/demo/static/${picture}.svg`, alt: "", width: 320, height: 192 }),
      element("small", {}, typed(item)), element("b", {}, item.title), element("em", {}, reason ? reason.text : ""));
    card.className = "card";
    return card;
  }));
}
