// What the annotator does, and what is kept of it; the other scripts come before it in the page.

let state = load();
let question = 0;      // index of the marked criterion; -1 when all are rated
let unsaved = false;   // whether ratings would be lost with this page
let begun = Date.now();  // when the item that is shown was begun

function empty() {
  return { ratings: {}, comments: {}, paces: [], at: 0, fresh: true };
}

function load() {
  let stored = null;
  try {
    stored = JSON.parse(localStorage.getItem(storageKey));
  } catch {
    stored = null;
  }
  const made = empty();
  if (!stored || typeof stored !== "object") return made;
  made.fresh = false;
  if (Number.isInteger(stored.at) && stored.at >= 0 && stored.at < data.items.length) made.at = stored.at;
  if (Array.isArray(stored.paces)) made.paces = stored.paces.filter(Number.isFinite).slice(-PACES);
  for (const { item } of data.items) {
    for (const { name, scale } of data.criteria) {
      const rating = stored.ratings?.[item]?.[name];
      if (scale.some(([value]) => value === rating)) (made.ratings[item] ??= {})[name] = rating;
    }
    const comment = stored.comments?.[item];
    if (typeof comment === "string" && comment) made.comments[item] = comment;
  }
  return made;
}

function store() {
  unsaved = true;
  try {
    localStorage.setItem(storageKey, JSON.stringify({ ratings: state.ratings, comments: state.comments, paces: state.paces, at: state.at }));
    unsaved = false;
    get("warning").hidden = true;
  } catch {
    get("warning").textContent = words.not_kept;
    get("warning").hidden = false;
  }
}

const item = () => data.items[state.at];
const ratingsOf = (one) => state.ratings[one.item] ?? {};
const isRated = (one) => data.criteria.every(({ name }) => name in ratingsOf(one));
const firstOpen = () => data.criteria.findIndex(({ name }) => !(name in ratingsOf(item())));

function show() {
  const one = item();
  showHistory(one.history, showConversation(one.conversation));
  for (const name of ANSWERS) {
    get(name).textContent = one[name];
    get(name).scrollTop = 0;
  }
  get("comment").value = state.comments[one.item] ?? "";
  get("at").value = state.at + 1;
  question = firstOpen();
  begun = Date.now();
  refresh();
}

function refresh() {
  const given = ratingsOf(item());
  [...get("criteria").children].forEach((group, number) => {
    group.classList.toggle("marked", number === question);
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(given[group.dataset.name] === Number(button.dataset.value)));
    }
  });
  const rated = data.items.filter(isRated).length;
  get("progress").value = rated;
  get("progress-text").textContent = fill(words.progress, { done: rated, total: data.items.length });
  get("left").textContent = timeLeft(data.items.length - rated);
  get("previous").disabled = state.at === 0;
  get("next").disabled = state.at === data.items.length - 1;
  get("unrated").disabled = rated === data.items.length;
  get("done").hidden = rated < data.items.length;
  if (rated === data.items.length) showDone();
}

function showDone() {
  const parts = [fill(words.all_done, { file: data.file })];
  if (data.code) {
    const [before, after] = words.code.split("{code}");
    parts.push(" " + before, element("strong", completionCode()), after);
  }
  get("done").replaceChildren(...parts);
}

function timeItem() {
  const took = Date.now() - begun;
  begun = Date.now();
  if (took <= LONGEST_PAUSE) state.paces = [...state.paces, took].slice(-PACES);
}

function rate(number, value) {
  const before = isRated(item());
  (state.ratings[item().item] ??= {})[data.criteria[number].name] = value;
  const later = data.criteria.findIndex(({ name }, index) => index > number && !(name in ratingsOf(item())));
  question = later >= 0 ? later : firstOpen();
  if (!before && isRated(item())) timeItem();
  store();
  refresh();
  if (question >= 0) reveal(question);
}

// Where a question is between header and footer: how far above the one, how far below the other; 0 where neither.
function hidden(number) {
  const box = get("criteria").children[number].getBoundingClientRect();
  const top = document.querySelector("header").getBoundingClientRect().bottom;
  const bottom = document.querySelector("nav").getBoundingClientRect().top;
  const above = Math.max(top - box.top, 0);
  return { above, below: above ? 0 : Math.max(Math.min(box.bottom - bottom, box.top - top), 0) };
}

function isSeen(number) {
  const { above, below } = hidden(number);
  return above < 2 && below < 2;
}

function reveal(number) {
  const { above, below } = hidden(number);
  if (above || below) window.scrollBy(0, above ? -above : below);
}

function takeBack() {
  if (question < 0) return;
  delete ratingsOf(item())[data.criteria[question].name];
  store();
  refresh();
}

function mark(step) {
  const count = data.criteria.length;
  question = question < 0 ? (step < 0 ? count - 1 : 0) : (question + step + count) % count;
  refresh();
  reveal(question);
}

function go(to) {
  if (!Number.isInteger(to) || to < 0 || to >= data.items.length) {
    get("at").value = state.at + 1;
    return;
  }
  state.at = to;
  get("loaded").hidden = true;
  store();
  show();
  window.scrollTo(0, 0);
}

function goToUnrated() {
  const order = data.items.map((_, index) => (state.at + 1 + index) % data.items.length);
  const next = order.find((index) => !isRated(data.items[index]));
  if (next !== undefined) go(next);
}

// Saves at once when all is done; else says first what is missing.
function trySave() {
  const total = data.items.length;
  const done = data.items.filter(isRated).length;
  if (done === total) {
    save();
    return;
  }
  get("unfinished-text").textContent = fill(words.not_saved, { done, total, missing: total - done });
  get("unfinished").showModal();
}

function goOn() {
  get("unfinished").close();
  if (isRated(item())) goToUnrated();
}

function openHelp() {
  get("help").showModal();
  get("help").scrollTop = 0;
}

const forward = document.dir === "rtl" ? -1 : 1;
const KEYS = {
  ArrowLeft: () => go(state.at - forward),
  ArrowRight: () => go(state.at + forward),
  Enter: () => go(state.at + 1),
  ArrowUp: () => mark(-1),
  ArrowDown: () => mark(1),
  Backspace: takeBack,
  Delete: takeBack,
  n: goToUnrated,
  c: () => get("comment").focus(),
};

// The digit or small letter that is meant: by the place of the key where that writes another script or, unshifted, a mark.
function meant({ key, code, shiftKey }) {
  if (key.length > 1) return key;
  if (/^[0-9a-z]$/i.test(key)) return key.toLowerCase();
  const [, digit, letter] = /^(?:(?:Digit|Numpad)(\d)|Key([A-Z]))$/.exec(code) ?? [];
  return (shiftKey ? undefined : digit) ?? letter?.toLowerCase() ?? key;
}

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]") || event.defaultPrevented) return;
  const target = event.target;
  if (target.matches("textarea, input")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === "Enter" && target.matches("button")) return;
  if (target.matches(".text") && (event.key === "ArrowUp" || event.key === "ArrowDown")) return;  // they scroll
  const key = meant(event);
  const action = KEYS[key];
  if (action) {
    event.preventDefault();
    if (!event.repeat || event.key.startsWith("Arrow")) action();
    return;
  }
  const digit = /^[0-9]$/.test(key) ? Number(key) : NaN;
  const known = question >= 0 && data.criteria[question].scale.some(([value]) => value === digit);
  if (!known || event.repeat) return;
  if (isSeen(question)) rate(question, digit);
  else reveal(question);  // no question is rated that is not seen
}

function start() {
  get("name").textContent = data.name;
  get("of").textContent = fill(words.of, { total: data.items.length });
  get("at").max = data.items.length;
  get("progress").max = data.items.length;
  putWords();
  buildAnswers();
  buildCriteria();
  buildHelp();
  get("previous").addEventListener("click", () => go(state.at - 1));
  get("next").addEventListener("click", () => go(state.at + 1));
  get("unrated").addEventListener("click", goToUnrated);
  get("at").addEventListener("change", () => go(Number(get("at").value) - 1));
  get("save").addEventListener("click", trySave);
  get("go-on").addEventListener("click", goOn);
  get("save-anyway").addEventListener("click", () => {
    get("unfinished").close();
    save();
  });
  get("load").addEventListener("click", () => get("file").click());
  get("file").addEventListener("change", loadChosen);
  get("keep-page").addEventListener("click", () => settle(false));
  get("take-file").addEventListener("click", () => settle(true));
  get("show-help").addEventListener("click", openHelp);
  get("hide-help").addEventListener("click", () => get("help").close());
  get("help-text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    get("help").close();
  });
  get("comment").addEventListener("input", () => {
    state.comments[item().item] = get("comment").value;
    store();
  });
  get("help").addEventListener("close", () => get("show-help").blur());  // else Enter would open it again
  document.addEventListener("click", (event) => {
    if (event.detail && event.target.matches("button")) event.target.blur();  // after a mouse, Enter goes on
  });
  document.addEventListener("keydown", pressed);
  window.addEventListener("storage", (event) => {
    if (event.key !== storageKey || !event.newValue || unsaved) return;  // what is only here stays
    const at = state.at;
    state = load();
    state.at = at;
    if (document.activeElement !== get("comment")) show();
    else refresh();
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  show();
  if (state.fresh) openHelp();
}

start();
