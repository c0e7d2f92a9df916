// The file that the page saves and loads again: a sheet as CSV. Its last heading says which page it comes from.

const ORIGIN = /^\(page (\d+), annotator (\d+), item (\d+)\)$/;
const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/y;
const REMARK = "comment";
const ITEM_AT = 1;            // the column of the item ids, in every form
const MOST_BYTES = 67108864;  // no page saves a file as large as this
const studyOf = (id) => id.slice(0, 4);
let asked = null;             // the file that differs from the page, while the annotator decides

function quoted(value) {
  let text = String(value ?? "");
  if (/^[=+\-@\t\r\n'|%＝＋－＠]/.test(text)) text = "'" + text;
  return '"' + text.replaceAll('"', '""') + '"';
}

function toCsv() {
  const origin = `(page ${data.version}, annotator ${data.annotator}, item ${state.at + 1})`;
  const heads = [...data.columns.map(([, head]) => head), origin];
  const rows = data.items.map((one) => {
    const cells = { ...one, ...ratingsOf(one), comment: state.comments[one.item] };
    return [...data.columns.map(([name]) => cells[name]), ""];
  });
  return "\ufeff" + [heads, ...rows].map((row) => row.map(quoted).join(",") + "\r\n").join("");
}

function save() {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([toCsv()], { type: "text/csv;charset=utf-8" }));
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  unsaved = false;
}

// The rows of cells, without the apostrophes that `quoted` put in. Throws for what is not CSV.
function fromCsv(text) {
  const rows = [[]];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const found = CELL.exec(text);
    if (!found) throw new Refused("damaged");
    rows.at(-1).push((found[1]?.replaceAll('""', '"') ?? found[2]).replace(/^'/, ""));
    if (found[3] !== ",") rows.push([]);
  }
  return rows.slice(0, -1);
}

// Why a file is not loaded: the page's word for it, and what is filled in there.
class Refused extends Error {
  constructor(word, values = {}) {
    super(word);
    this.values = values;
  }
}

function check(holds, word, values) {
  if (!holds) throw new Refused(word, values);
}

// The answers in a saved file, each [item, criterion or remark, value], and the position. Throws Refused.
function readSaved(text) {
  const [heads, ...rows] = fromCsv(text);
  const origin = ORIGIN.exec(heads?.at(-1) ?? "");
  check(origin, "damaged");
  const [version, annotator, place] = origin.slice(1).map(Number);
  check(version === data.version, "other_version");
  const [theirs, ours] = [rows[0]?.[ITEM_AT] ?? "", data.items[0].item].map(studyOf);
  check(!/^[a-z]{4}$/.test(theirs) || theirs === ours, "other_study", { other: theirs, own: ours });
  check(annotator === data.annotator, "other_annotator", { other: annotator, own: data.annotator });
  check(heads.slice(0, -1).join("\n") === data.columns.map(([, head]) => head).join("\n"), "damaged");
  const ids = new Set(rows.map((row) => row[ITEM_AT]));
  check(rows.length === data.items.length && data.items.every(({ item }) => ids.has(item)), "damaged");
  check(rows.every((row) => row.length === heads.length) && place >= 1 && place <= rows.length, "damaged");
  return { answers: rows.flatMap(answersOf), at: place - 1 };
}

function answersOf(row) {
  return data.columns.flatMap(([name], number) => {
    const scale = data.criteria.find((one) => one.name === name)?.scale;
    const text = row[number];
    if (!text || (!scale && name !== REMARK)) return [];
    const value = scale ? scale.map(([rating]) => rating).find((rating) => String(rating) === text) : text;
    check(value !== undefined, "damaged");
    return [[row[ITEM_AT], name, value]];
  });
}

const onPage = ([item, name]) => (name === REMARK ? state.comments[item] || undefined : state.ratings[item]?.[name]);
const isNew = (answer) => onPage(answer) === undefined;
const differs = (answer) => !isNew(answer) && onPage(answer) !== answer[2];

async function loadChosen() {
  const file = get("file").files[0];
  if (!file) return;
  try {
    check(file.size <= MOST_BYTES, "damaged");
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    offer({ ...readSaved(text), file: file.name });
  } catch (error) {
    const values = error instanceof Refused ? error.values : {};
    tell(error instanceof Refused ? error.message : "damaged", { file: file.name, ...values }, "bad");
  }
  get("file").value = "";  // so that the same file can be chosen again
}

// Loads a file at once if it changes no answer of the page; else asks which are to be kept.
function offer(saved) {
  const number = saved.answers.filter(differs).length;
  if (!number) {
    takeIn(saved, isNew);
    return;
  }
  asked = saved;
  get("differing-text").textContent = fill(words.differing, { file: saved.file, number });
  get("differing").showModal();
}

function settle(withFile) {
  get("differing").close();
  takeIn(asked, withFile ? (answer) => isNew(answer) || differs(answer) : isNew);
}

function takeIn(saved, isTaken) {
  const taken = saved.answers.filter(isTaken);
  for (const [item, name, value] of taken) {
    if (name === REMARK) state.comments[item] = value;
    else (state.ratings[item] ??= {})[name] = value;
  }
  go(saved.at);
  const remarks = taken.filter(([, name]) => name === REMARK).length;
  tell("loaded", { file: saved.file, answers: taken.length - remarks, remarks }, "good");
}

function tell(word, values, kind) {
  get("loaded").className = "notice " + kind;
  get("loaded").textContent = fill(words[word], values);
  get("loaded").hidden = false;
  window.scrollTo(0, 0);
}
