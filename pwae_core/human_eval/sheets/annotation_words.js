"use strict";
// Texts are only ever put in as textContent. Ratings live in localStorage under the sheet's own key.

const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const storageKey = "annotation:" + data.key;
const get = (id) => document.getElementById(id);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (mark, name) => values[name] ?? mark);
const ANSWERS = data.items.some((one) => "other" in one) ? ["response", "other"] : ["response"];
const LONGEST_PAUSE = 180000;  // milliseconds: who takes longer for an item has been away
const PACES = 25;              // of the last items, of which the time that is left is estimated
const FEWEST_PACES = 3;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The lines of a conversation: who speaks, what is said; the responder's have a colour of their own. The last says who responds.
function showConversation(text) {
  const said = text.split("\n");
  const responds = said.pop();
  const me = responderOf(responds);
  const others = [];
  const made = said.map((line) => {
    const speaker = line.slice(0, line.indexOf(": "));
    if (speaker !== me && !others.includes(speaker)) others.push(speaker);
    const turn = element("div", undefined, speaker === me ? "me" : "s" + (others.indexOf(speaker) % 4));
    turn.append(element("span", speaker + ":", "speaker"), " ", spoken(line.slice(speaker.length + 2)));
    return turn;
  });
  get("conversation").replaceChildren(...made, element("div", responds, "responds"));
  get("conversation").scrollTop = 0;
  return me;
}

function responderOf(line) {
  const [before, after] = words.responds.split("{speaker}");
  return line.slice(before.length, line.length - after.length);
}

function spoken(text) {
  const made = element("span", text);
  made.dir = "auto";
  return made;
}

function showHistory(text, me) {
  const [before, after] = words.history.split("{speaker}");
  get("history-heading").replaceChildren(before, element("strong", me, "me"), after);
  get("history").replaceChildren(...text.split("\n").map((line) => {
    const turn = element("div", undefined, "me");
    turn.append(spoken(line.replace(/^• /, "")));
    return turn;
  }));
  get("history").scrollTop = 0;
}

function buildAnswers() {
  ANSWERS.forEach((name, number) => {
    const section = element("section");
    const heading = element("h2", ANSWERS.length === 1 ? words.response : [words.first, words.second][number]);
    const text = element("div", undefined, "text judged");
    heading.id = name + "-heading";
    text.id = name;
    text.dir = "auto";
    text.tabIndex = 0;
    text.setAttribute("role", "region");
    text.setAttribute("aria-labelledby", heading.id);
    section.append(heading, text);
    get("answers").append(section);
  });
}

function putWords() {
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = words[one.dataset.word];
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", words[one.dataset.label]);
  const arrows = document.dir === "rtl" ? ["→", "←"] : ["←", "→"];
  ["previous", "next"].forEach((id, number) => {
    get(id).textContent = arrows[number];
    get(id).title = words[id];
  });
}

function buildCriteria() {
  data.criteria.forEach((criterion, number) => {
    const group = element("div", undefined, "criterion");
    const heading = element("p", criterion.question);
    heading.id = "question-" + number;
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", heading.id);
    group.dataset.name = criterion.name;
    const choices = element("div", undefined, "choices");
    for (const [value, meaning] of criterion.scale) {
      const button = element("button", value + " = " + meaning);
      button.type = "button";
      button.dataset.value = value;
      button.addEventListener("click", () => rate(number, value));
      choices.append(button);
    }
    group.append(heading, choices);
    get("criteria").append(group);
  });
}

function buildHelp() {
  data.help.forEach(({ heading, paragraphs, criteria }) => {
    get("help-text").append(element("h2", heading), ...paragraphs.map((text) => element("p", text)));
    if (criteria) {
      const list = element("ul");
      for (const { question: asked, scale } of data.criteria) {
        list.append(element("li", asked + " " + scale.map(([value, meaning]) => value + "\u00a0=\u00a0" + meaning).join(", ")));
      }
      get("help-text").append(list);
    }
  });
}

// The sum of what the answers add: there is none before every question of every item is answered.
function completionCode() {
  const { sheet, letters, count, shares } = data.code;
  const modulus = letters.length ** count;
  let rest = 0;
  data.items.forEach((one, number) => data.criteria.forEach(({ name, scale }, place) => {
    const choice = scale.findIndex(([value]) => value === ratingsOf(one)[name]);
    rest = (rest + shares[number][place][choice]) % modulus;
  }));
  let made = "";
  for (let place = 0; place < count; place += 1) {
    made += (place % 4 ? "" : "-") + letters[rest % letters.length];
    rest = Math.floor(rest / letters.length);
  }
  return sheet + made;
}

// The median pace of the last items, times those that are left; nothing before there is a pace.
function timeLeft(items) {
  if (!items || state.paces.length < FEWEST_PACES) return "";
  const pace = [...state.paces].sort((a, b) => a - b)[Math.floor(state.paces.length / 2)];
  const minutes = Math.ceil(pace * items / 60000);
  if (minutes <= 90) return fill(words.minutes_left, { number: minutes });
  return fill(words.hours_left, { number: (minutes / 60).toLocaleString(locale(), { maximumFractionDigits: 1 }) });
}

// The page's language where the browser takes it for one; else the browser's own.
function locale() {
  try {
    return Intl.getCanonicalLocales(document.documentElement.lang);
  } catch {
    return [];
  }
}
