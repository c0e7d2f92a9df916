"use strict";
// On a phone all cases of a chapter but the first are folded.
if (matchMedia("(max-width: 34rem)").matches) {
  document.querySelectorAll(".case ~ .case > details").forEach((one) => { one.open = false; });
}
// A page that is watched loads itself again, which keeps the place; not while somebody is searching.
const refresh = Number(document.body.dataset.refresh);
if (refresh) {
  setInterval(() => { if (!document.getElementById("who")?.value) location.reload(); }, 1000 * refresh);
}
// The map of users: search, choose, see. Text out of the data is only ever set as text.
(() => {
  const block = document.getElementById("people");
  if (!block) return;
  const people = JSON.parse(block.textContent);
  const cloud = document.querySelector(".people");
  const points = [...cloud.querySelectorAll("circle")];
  const field = document.getElementById("who");
  const matches = document.getElementById("matches");
  const shown = document.getElementById("person");

  const element = (name, text, css) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (css) made.className = css;
    return made;
  };
  const words = (name, text) => {
    const made = element(name, text);
    made.dir = "auto";
    return made;
  };

  const choose = (number) => {
    const one = people[number];
    points.forEach((point, n) => {
      point.classList.toggle("chosen", n === number);
      point.classList.toggle("near", one.near.includes(n));
    });
    cloud.append(points[number]);
    shown.replaceChildren(words("h3", one.id));
    const component = one.component === null ? "" : ", component " + one.component + " likeliest";
    shown.append(element("p", one.responses + (one.responses === 1 ? " training response" : " training responses") + component, "muted"));
    const said = element("ul", undefined, "quotes");
    one.said.forEach((text) => said.append(words("li", text)));
    if (one.said.length) shown.append(element("h4", "Really says"), said);
    const near = element("p");
    one.near.forEach((n) => {
      const button = words("button", people[n].id);
      button.type = "button";
      button.addEventListener("click", () => choose(n));
      near.append(button);
    });
    shown.append(element("h4", "Nearest in the embedding"), near);
  };

  const search = () => {
    const wanted = field.value.trim().toLowerCase();
    const found = wanted ? people.flatMap((one, n) => (one.id.toLowerCase().includes(wanted) ? [n] : [])) : [];
    const all = new Set(found);
    cloud.classList.toggle("searching", wanted !== "");
    points.forEach((point, n) => point.classList.toggle("match", all.has(n)));
    matches.textContent = wanted ? found.length + (found.length === 1 ? " user" : " users") : "";
    if (found.length === 1) choose(found[0]);
    return found;
  };

  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const found = search();
    if (found.length) choose(found[0]);
  });
  cloud.addEventListener("click", (event) => {
    const number = Number(event.target.dataset.n);
    if (Number.isInteger(number)) choose(number);
  });
})();
