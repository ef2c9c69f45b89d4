// Finding one's way: what is folded opens for who comes to it, the table is filtered, and the
// address says by what, so that a link shows what its sender saw.

const unfold = (element) => {
  for (let at = element; at; at = at.parentElement) if (at.matches("details")) at.open = true;
};

// --- the table of sentences ---------------------------------------------------------------------
const finder = document.querySelector("form.find");
const table = document.querySelector("#all");
const rows = finder ? [...document.querySelectorAll(".scoreboard tbody tr")].map((row) => ({
  row,
  text: row.cells[1].textContent.toLowerCase(),
  verdict: row.querySelector(".badge").classList[1],
  task: row.cells[2].textContent.trim(),
  cells: row.querySelector("[data-cells]")?.dataset.cells.split(" ") ?? [],
  warning: !!row.querySelector(".warns"),
})) : [];

const asked = () => {
  const given = new FormData(finder);
  return Object.fromEntries([...given].filter(([, value]) => value));
};
const narrow = () => {
  const { verdict, task, cell, warning, q } = asked();
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const each of rows) {
    each.row.hidden = !(
      (!verdict || each.verdict === verdict) && (!task || each.task === task) &&
      (!cell || each.cells.includes(cell)) && (!warning || each.warning) &&
      words.every((word) => each.text.includes(word))
    );
    left += !each.row.hidden;
  }
  const some = Object.keys(asked()).length > 0;
  document.querySelector("#all .found").textContent = some ? `${left} of ${rows.length}` : "";
  return some;
};
const byAddress = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const radio of finder.querySelectorAll('[name="verdict"]')) {
    radio.checked = radio.value === (given.get("verdict") ?? "");
  }
  for (const name of ["task", "cell", "q"]) finder.elements[name].value = given.get(name) ?? "";
  if (finder.elements.warning) finder.elements.warning.checked = given.has("warning");
  if (narrow()) {
    table.open = true;
    finder.scrollIntoView();
  }
};
if (finder) {
  finder.querySelector(".narrow").hidden = false;
  finder.addEventListener("input", () => {
    if (narrow()) table.open = true;
    const said = new URLSearchParams(asked()).toString();
    history.replaceState(null, "", said ? `#${said}` : location.pathname + location.search);
  });
  finder.addEventListener("reset", () => setTimeout(() => {
    narrow();
    history.replaceState(null, "", location.pathname + location.search);
  }));
  finder.addEventListener("submit", (event) => event.preventDefault());
}

// --- the address --------------------------------------------------------------------------------
const arrive = () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name.startsWith("explore=")) return; // the explorer's own
  if (name.includes("=")) return finder && byAddress();
  const target = name && document.getElementById(name);
  if (!target) return;
  unfold(target);
  target.scrollIntoView();
};
addEventListener("hashchange", arrive);
addEventListener("load", arrive);
document.addEventListener("click", (event) => { // the same link again, after it was folded
  const link = event.target.closest('a[href^="#"]');
  if (link && link.getAttribute("href") === location.hash) arrive();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !finder) return;
  if (event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  finder.elements.q.focus();
});

// --- the contents follow ------------------------------------------------------------------------
const lines = new Map([...document.querySelectorAll('#TOC a[href^="#"]')].map((line) => [
  decodeURIComponent(line.getAttribute("href").slice(1)), line,
]));
if (lines.size && !document.querySelector("#quarto-document-content")) {
  const places = [...lines.keys()].map((name) => document.getElementById(name)).filter(Boolean);
  const follow = () => {
    const passed = places.filter((place) => place.getBoundingClientRect().top < innerHeight / 3);
    const here = passed.at(-1)?.id;
    for (const [name, line] of lines) {
      if (name === here) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", follow, { passive: true });
  follow();
}

// --- commands are copied ------------------------------------------------------------------------
for (const command of document.querySelectorAll("pre.command")) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    const text = command.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch { // no clipboard: the command is selected, for the reader's own keys
      getSelection().selectAllChildren(command.querySelector("code"));
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  command.after(button);
}
