"use strict";

// Text of the data is only ever put in by textContent: it is never markup.

const SAMPLES = 3;
const find = (id) => document.getElementById(id);
const state = { about: null, context: [], people: [], draw: 0, asked: null, number: 0 };

function made(kind, text, settings = {}) {
  const element = Object.assign(document.createElement(kind), settings);
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(text, label, act) {
  const element = made("button", text, { type: "button" });
  element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

function said(text) {
  return made("span", text, { dir: "auto" });
}

async function ask(path, question) {
  const settings = question && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) };
  let response, value;
  try {
    response = await fetch(path, settings || {});
    value = await response.json();
  } catch {
    throw new Error("The server does not answer. Is 'pwae demo' still running?");
  }
  if (!response.ok) throw new Error(value.error);
  return value;
}

async function trying(act) {
  find("error").textContent = "";
  try {
    await act();
  } catch (error) {
    find("state").textContent = "";
    find("error").textContent = error.message;
  }
}

// -- the conversation

const shown = (name) => (name === state.about.nobody ? "nobody in particular" : name);
const speaker = (who) => (who === null ? "Whoever answers" : who === "" ? "You" : shown(who));

function showTurns() {
  const first = state.context.length - state.about.turns;
  find("turns").replaceChildren(...state.context.map((turn, place) => {
    const line = made("li", undefined, { className: (turn.who === "" ? "you" : "them") + (place < first ? " unheard" : "") });
    const text = said(turn.text);
    text.prepend(made("strong", speaker(turn.who), { dir: "auto" }), ": ");
    if (place < first) text.append(" (no longer heard)");
    line.append(text, button("Remove", `Remove: ${turn.text}`, () => {
      state.context.splice(place, 1);
      showTurns();
      answer();
    }));
    return line;
  }));
}

function add(who, text) {
  state.context.push({ who, text });
  showTurns();
}

// -- people

function showPeople() {
  find("chosen").replaceChildren(...state.people.map((name) => {
    const line = made("li");
    line.append(button(`${shown(name)} ×`, `${shown(name)} ×: answers no longer`, () => {
      state.people = state.people.filter((one) => one !== name);
      showPeople();
      answer();
      find("part").focus();
    }));
    return line;
  }));
}

function choose(name) {
  if (!state.people.includes(name)) state.people.push(name);
  showPeople();
  answer();
}

async function search() {
  const part = find("part").value;
  const { names, found } = await ask(`users?part=${encodeURIComponent(part)}`);
  if (part !== find("part").value) return;
  find("found").textContent = found > names.length ? `${names.length} of ${found} people` : `${found} found`;
  find("names").replaceChildren(...names.map((name) => {
    const line = made("li");
    line.append(button(shown(name), `${shown(name)}: let them answer`, () => choose(name)));
    return line;
  }));
}

// -- answers

async function answer() {
  const users = state.about.personal ? state.people : [state.about.nobody];
  const number = ++state.number;
  find("cards").replaceChildren();
  find("again").hidden = true;
  if (!state.context.length || !users.length) {
    find("state").textContent = state.context.length ? "Choose who answers." : "Say something first.";
    return;
  }
  await trying(async () => {
    find("state").textContent = "Thinking...";
    const samples = state.about.deterministic ? 1 : SAMPLES;
    const question = { context: state.context.slice(-state.about.turns), users, samples, draw: state.draw };
    const { answers } = await ask("answer", question);
    if (number !== state.number) return;
    find("state").textContent = `${answers.length === 1 ? "1 person answers" : `${answers.length} people answer`}.`;
    find("cards").replaceChildren(...answers.map((one) => card(one, question)));
    find("again").hidden = state.about.deterministic;
  });
}

function card(one, question) {
  const article = made("article");
  const title = made("h3", state.about.personal ? shown(one.user) : state.about.system, { dir: "auto" });
  article.append(title);
  if (one.remark) article.append(made("p", one.remark, { className: "remark" }));
  const list = made("ul", undefined, { className: "answers" });
  for (const text of one.responses) {
    const line = made("li");
    const take = button("Take", `Take into the conversation: ${text}`, () => {
      add(state.about.personal ? one.user : null, text);
      find("text").focus();
    });
    line.append(said(text), ...(text ? [take] : []));
    list.append(line);
  }
  article.append(list);
  if (one.real.length) article.append(...real(one));
  for (const [name, values] of Object.entries(one.why)) article.append(...bars(name, values));
  if (state.about.latent && one.responses.length > 1) article.append(...along(one, question));
  return article;
}

function real(one) {
  const list = made("ul", undefined, { className: "real" });
  list.append(...one.real.map((text) => made("li", text, { dir: "auto" })));
  return [made("h4", "What they really said elsewhere"), list];
}

function bars(name, values) {
  const names = name === "w_c, w_u" ? ["w_c", "w_u"] : values.map((_, place) => (values.length > 1 ? `${place + 1}` : "mean"));
  return [made("h4", name), ...values.map((value, place) => {
    const row = made("div", undefined, { className: "bar" });
    const meter = made("meter", undefined, { min: 0, max: 1, value });
    meter.setAttribute("aria-label", `${name}: ${names[place]}`);
    row.append(made("span", names[place]), meter, made("span", value.toFixed(3)));
    return row;
  })];
}

function along(one, question) {
  const slider = made("input", undefined, { type: "range", min: 0, max: 1, step: 0.05, value: 0 });
  const output = made("output", one.responses[0], { dir: "auto" });
  const label = made("label", "From the first answer to the last, along z");
  label.append(slider);
  let newest = 0;
  slider.addEventListener("input", () => trying(async () => {
    const number = ++newest;
    const point = { ...question, users: [one.user], one: 0, two: one.responses.length - 1, share: Number(slider.value) };
    const { response } = await ask("between", point);
    if (number === newest) output.textContent = response;
  }));
  return [made("h4", "Along z"), label, output];
}

// -- the page

async function begin() {
  state.about = await ask("about");
  const { system, run, people, personal, corpus, turns } = state.about;
  find("system").textContent = system;
  document.title = `${system}: pwae demo`;
  const who = personal ? `${people} people. ` : "It does not know who answers. ";
  const real = personal && !corpus ? "The run's corpus is not there, so that what people really said cannot be shown." : "";
  find("about").textContent = `${run}. ${who}It hears the last ${turns} utterances. ${real}`;
  find("people").hidden = !personal;
  if (personal) await search();
}

document.addEventListener("DOMContentLoaded", () => {
  find("say").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = find("text").value.trim();
    if (!text) return;
    add(find("who").value === "you" ? "" : null, text);
    find("text").value = "";
    answer();
  });
  find("again").addEventListener("click", () => {
    state.draw += 1;
    answer();
  });
  find("clear").addEventListener("click", () => {
    state.context = [];
    state.draw = 0;
    showTurns();
    answer();
    find("text").focus();
  });
  find("part").addEventListener("input", () => trying(search));
  trying(begin);
});
