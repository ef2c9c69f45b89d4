// The explorer: any cells' curves over one another, beside their finals, drawn by Vega-Lite. Library
// and data lie in the page packed; nothing of them is read or runs before a reader opens it.
addEventListener("DOMContentLoaded", () => {
const explorer = document.querySelector("#explore");
const library = document.querySelector("#vega-library");
if (!explorer || !library || !("DecompressionStream" in window)) return;

const [form, range] = explorer.querySelectorAll("form");
const box = explorer.querySelector(".drawn");
const remark = explorer.querySelector(".remark");
const finals = explorer.querySelector(".finals");
const SPLITS = ["training", "validation"];
const SHAPES = ["circle", "square", "triangle-up", "diamond"]; // after the eight colours: the next
const GLYPHS = ["M8,0a4,4,0,1,1,8,0a4,4,0,1,1,-8,0", "M8.5,-3.5h7v7h-7Z", "M7.5,3.5h9l-4.5,-7.5Z", "M7.5,0l4.5,-5l4.5,5l-4.5,5Z"];
const COLOURS = 8;
const DRAWN = ["span", "lines", "ends", "finals", "means", "published"];
const CROWDED = 12000; // with more points the page would stutter after the pointer, so it ignores it

let cells, published, t; // the data
let chosen = []; // names of cells; a cell's place gives its colour, so what goes leaves a gap
let epochs = null; // [from, to], or each seed's final ones
let view = null;
const marked = new Set(); // cells whose rows were clicked
let pointed = {}; // cell and seed under the pointer

const make = (tag, attributes = {}, ...inside) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
};
const inflated = (element) => {
  const packed = Uint8Array.from(atob(element.textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};

// --- numbers ------------------------------------------------------------------------------------
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values) => { // mean and its 95 % t-interval over seeds
  const n = values.length, middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const half = n > 1 ? t[n] * Math.sqrt(squares / (n - 1) / n) : null;
  const [low, high] = half === null ? [null, null] : [middle - half, middle + half];
  return { value: n ? middle : null, low, high, n };
};
const finite = (values) => values.filter(Number.isFinite);
const tenth = (length) => Math.max(1, Math.floor(length / 10));
const over = (values) => { // one seed's mean over the epochs asked for; nothing where one is not finite
  const part = epochs ? values.slice(epochs[0] - 1, epochs[1]) : values.slice(-tenth(values.length));
  return part.length && part.every(Number.isFinite) ? mean(part) : null;
};
const quantile = (values, share) => {
  const ordered = finite(values).sort((a, b) => a - b);
  return ordered[Math.floor(share * (ordered.length - 1))];
};
const number = (value) =>
  Number.isFinite(value) ? value.toFixed(3).replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "") : "–";

// --- what is asked for --------------------------------------------------------------------------
const named = (name) => cells.find((cell) => cell.name === name);
const shown = () => chosen.filter(Boolean).map(named);
const known = (column) => cells.some((cell) => Object.hasOwn(cell.columns, column));
const columns = () => { // [split, column]
  const base = form.show.value;
  const both = [["training", base], ["validation", `val_${base}`]].filter(([, name]) => known(name));
  return both.length < 2 ? both : both.filter(([split]) => form[split].checked);
};
const each = function* () { // every curve that is shown: its cell and column
  for (const cell of shown()) {
    for (const [split, column] of columns()) {
      if (Object.hasOwn(cell.columns, column)) yield { cell, split, seeds: cell.columns[column] };
    }
  }
};
const longest = () =>
  Math.max(1, ...[...each()].flatMap(({ seeds }) => seeds.map((values) => values.length)));
const span = () => { // the epochs that the finals are of, where all curves have the same
  const lengths = new Set([...each()].flatMap(({ seeds }) => seeds.map((values) => values.length)));
  const [length] = lengths;
  return epochs ?? (lengths.size === 1 ? [length - tenth(length) + 1, length] : null);
};
const choose = (name, on) => {
  const at = chosen.indexOf(name);
  if (on && at < 0) chosen[chosen.includes(null) ? chosen.indexOf(null) : chosen.length] = name;
  if (!on && at >= 0) chosen[at] = null;
  marked.delete(name);
};
const about = (cell) => `${cell.task} · ${cell.label}`;

// --- the tables that are drawn ------------------------------------------------------------------
const lines = () => {
  const rows = [], logarithmic = form.log.checked;
  const fit = (value) => (Number.isFinite(value) && !(logarithmic && value <= 0) ? value : null);
  for (const { cell, split, seeds } of each()) {
    const base = { cell: cell.name, who: about(cell), split };
    if (form.as.value === "seeds") {
      seeds.forEach((values, i) => values.forEach((value, at) => {
        rows.push({ ...base, seed: cell.seeds[i], epoch: at + 1, value: fit(value) });
      }));
      continue;
    }
    const length = Math.max(...seeds.map((values) => values.length));
    for (let at = 0; at < length; at++) {
      const { value, low, high, n } = spread(finite(seeds.map((values) => values[at])));
      const band = fit(low) === null ? [null, null] : [low, high];
      rows.push({ ...base, seed: null, epoch: at + 1, value: fit(value), low: band[0], high: band[1], n });
    }
  }
  return rows;
};
const ends = (rows) => {
  const last = new Map();
  for (const row of rows) {
    if (row.value !== null) last.set(`${row.cell} ${row.split} ${row.seed}`, row);
  }
  return [...last.values()];
};
const seedFinals = () => [...each()].flatMap(({ cell, split, seeds }) => seeds.map((values, i) => ({
  cell: cell.name, who: about(cell), split, seed: cell.seeds[i], value: over(values),
})));
const means = () => [...each()].map(({ cell, split, seeds }) => {
  const found = seeds.map(over); // a mean over the seeds that happened to work would be biased
  const whole = found.every(Number.isFinite);
  return { cell: cell.name, who: about(cell), split, seed: null,
           ...(whole ? spread(found) : { value: null, low: null, high: null, n: found.length }) };
});
const others = () => [...each()].flatMap(({ cell, split }) => {
  const [, column] = columns().find(([of]) => of === split);
  return published
    .filter((row) => row.cell === cell.name && row.metric === column)
    .map((row) => ({ cell: cell.name, who: about(cell), split, group: row.group, value: row.value }));
});
const domain = () => { // of the seeds; as in the figures it is cut where single values dwarf the typical
  let [least, most] = [Infinity, -Infinity];
  const measured = [...each()].flatMap(({ seeds }) => seeds);
  for (const values of [...measured, others().map((row) => row.value)]) {
    for (const value of values) {
      if (!Number.isFinite(value) || (form.log.checked && value <= 0)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  const typical = Math.max(...[...each()].map(({ seeds }) => {
    const length = Math.max(...seeds.map((values) => values.length));
    const middle = Array.from({ length }, (_, at) => quantile(seeds.map((v) => v[at]), 0.5));
    return quantile(middle, 0.975) ?? 0;
  }));
  const cut = !form.log.checked && least >= 0 && typical > 0 && most > 2 * typical;
  return { bounds: least <= most ? [least, cut ? 1.3 * typical : most] : [0, 1], cut: cut ? most : null };
};

const ticks = (last, most) => { // whole epochs, so many at most
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => last / size <= most) ?? last;
  return Array.from({ length: last }, (_, i) => i + 1).filter((epoch) => epoch % step === 0 || last === 1);
};

// --- the drawing --------------------------------------------------------------------------------
const colour = (name) => { // of the style, as the scheme has it now
  const probe = box.appendChild(make("span", { style: `color: var(--${name})` }));
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};
const spec = (crowded, width) => {
  const names = chosen.filter(Boolean);
  const places = names.map((name) => chosen.indexOf(name));
  const [ink, quiet, line, warm] = ["ink", "quiet", "line", "warm"].map(colour);
  const several = columns().length > 1;
  const narrow = width < 560;
  const side = Math.min(Math.max(34, 26 * names.length * (several ? 1.6 : 1)), width * 0.36);
  const [last, [from, to]] = [longest(), domain().bounds];
  const seen = {
    condition: {
      test: "(!length(focus) || indexof(focus, datum.cell) >= 0) && " +
        "(seed === null || datum.seed === null || datum.seed === seed)",
      value: 1,
    },
    value: 0.12,
  };
  const y = {
    field: "value", type: "quantitative", title: null,
    scale: form.log.checked ? { type: "log", domain: [from, to], nice: false }
      : { domain: [from, to], zero: false, nice: true },
  };
  const left = { ...y, title: form.show.value, axis: { titleAlign: "right", titleY: 0, titleAnchor: "end" } };
  const right = { ...y, axis: { labels: false, ticks: false, domain: false, title: null, minExtent: 0, maxExtent: 0 } };
  const x = {
    field: "epoch", type: "quantitative", title: "epoch",
    scale: { domain: last > 1 ? [1, last] : [0.5, 1.5], nice: false },
    axis: { format: "d", values: ticks(last, narrow ? 5 : 10) },
  };
  const tint = {
    field: "cell", type: "nominal", legend: null,
    scale: { domain: names, range: places.map((place) => colour(`cell-${(place % COLOURS) + 1}`)) },
  };
  const shape = {
    field: "cell", type: "nominal", legend: null,
    scale: { domain: names, range: places.map((place) => SHAPES[Math.floor(place / COLOURS) % 4]) },
  };
  const fill = { // as in the figures: full in training, empty in validation
    condition: { test: "datum.split === 'training'", field: "cell", legend: null, scale: tint.scale },
    value: colour("paper"),
  };
  const dash = { // as in the figures
    field: "split", type: "nominal", legend: null,
    scale: { domain: SPLITS, range: [[1, 0], [7, 2.7]] },
  };
  const place = {
    x: { field: "cell", type: "nominal", sort: names, axis: { labels: false, ticks: false,
      title: epochs ? `epochs ${epochs[0]} to ${epochs[1]}` : "final" } },
    ...(several && { xOffset: { field: "split", sort: SPLITS } }),
  };
  // Vega-Lite 6.4 looks for a plain field in the wrong place where the nearest point is asked for
  const told = (...fields) => fields.map(([field, title, format]) => (
    format ? { field, title, type: "quantitative", format }
      : { field, title, type: "nominal", formatType: "toString", format: "" }));
  const who = [["who", "cell"], ["split", "images"]];
  const seeds = form.as.value === "seeds";
  return {
    description: `${form.show.value} of ${shown().map(about).join(", ")} against the epoch, and the ` +
      "finals of each seed; the table below has the numbers",
    background: null,
    padding: { left: 0, right: 4, top: 6, bottom: 2 },
    spacing: 12,
    params: [{ name: "focus", value: [] }, { name: "seed", value: null }],
    resolve: { scale: { y: "shared" } },
    config: {
      customFormatTypes: true,
      font: getComputedStyle(explorer.querySelector("summary")).fontFamily,
      view: { stroke: null },
      axis: {
        labelColor: quiet, titleColor: ink, gridColor: line, domainColor: quiet, tickColor: quiet,
        labelFontSize: 12, titleFontSize: 12, titleFontWeight: 600, labelFlush: false,
      },
      axisY: { minExtent: 34, maxExtent: 34 },
    },
    hconcat: [{
      width: width - side - 34 - 24 - 12 - 6,
      height: narrow ? 260 : 340,
      layer: [{
        data: { name: "span" },
        mark: { type: "rect", color: line, opacity: 0.55, clip: true },
        encoding: { x: { ...x, field: "from" }, x2: { field: "to" } },
      }, ...(seeds ? [] : [{
        data: { name: "lines" },
        transform: [{ filter: "isValid(datum.low)" }],
        mark: { type: "area", clip: true },
        encoding: {
          x, y: { ...left, field: "low" }, y2: { field: "high" }, color: tint, detail: { field: "split" },
          opacity: { condition: { test: seen.condition.test, value: 0.17 }, value: 0.03 },
        },
      }]), {
        data: { name: "lines" },
        params: [{ name: "brush", select: {
          type: "interval", encodings: ["x"],
          mark: { fillOpacity: 0, strokeOpacity: 0 },
        } }],
        mark: { type: "line", strokeWidth: seeds ? 1.1 : 2, clip: true, strokeJoin: "round" },
        encoding: {
          x, y: left, color: tint, strokeDash: dash, detail: { field: "seed" },
          opacity: seeds ? { ...seen, condition: { ...seen.condition, value: 0.75 } } : seen,
        },
      }, {
        data: { name: "ends" },
        mark: { type: "point", size: 24, strokeWidth: 1.2 },
        encoding: { x, y: left, color: tint, shape, opacity: seen, fill },
      }, ...(crowded ? [] : [{
        data: { name: "lines" },
        transform: [{ filter: "isValid(datum.value)" }],
        params: [{ name: "hover", select: {
          type: "point", fields: ["cell", "seed"], on: "pointerover", clear: "pointerout",
          nearest: true,
        } }],
        mark: { type: "point", filled: true, size: 40, opacity: 0, clip: true },
        encoding: {
          x, y: left,
          tooltip: told(...who, seeds ? ["seed", "seed"] : ["n", "seeds"], ["epoch", "epoch"],
            ["value", seeds ? form.show.value : "mean", ".4~f"],
            ...(seeds ? [] : [["low", "from", ".4~f"], ["high", "to", ".4~f"]])),
        },
      }])],
    }, {
      width: side,
      height: narrow ? 260 : 340,
      layer: [{
        data: { name: "means" },
        mark: { type: "rule", strokeWidth: 6, clip: true },
        encoding: { ...place, y: { ...right, field: "low" }, y2: { field: "high" }, color: tint,
          opacity: { condition: { test: seen.condition.test, value: 0.35 }, value: 0.05 } },
      }, {
        data: { name: "finals" },
        params: [{ name: "touched", select: {
          type: "point", fields: ["cell", "seed"], on: "pointerover", clear: "pointerout",
        } }],
        mark: { type: "point", size: 22, strokeWidth: 1.2, clip: true },
        encoding: { ...place, y: right, color: tint, shape, opacity: seen,
          fill,
          tooltip: told(...who, ["seed", "seed"], ["value", "final", ".4~f"]) },
      }, {
        data: { name: "means" },
        mark: { type: "tick", thickness: 2, bandSize: 13, clip: true, orient: "horizontal" },
        encoding: { ...place, y: right, color: { value: ink }, opacity: seen },
      }, {
        data: { name: "published" },
        mark: { type: "point", shape: "circle", size: 60, strokeWidth: 1.5, filled: false, color: warm, clip: true },
        encoding: { ...place, y: right, opacity: { ...seen, condition: { ...seen.condition,
          test: "!length(focus) || indexof(focus, datum.cell) >= 0" } },
          tooltip: told(["group", "published by"], ...who, ["value", "final", ".4~f"]) },
      }],
    }],
  };
};

let at = 0; // the width that was drawn
const draw = async () => {
  if (!explorer.open) return; // it has no width; it is drawn when it opens
  at = box.clientWidth;
  const tables = {
    lines: lines(), finals: seedFinals(), means: means(), published: others(),
    span: (span() ? [{ from: span()[0] - 0.5, to: span()[1] + 0.5 }] : []),
  };
  tables.ends = ends(tables.lines);
  const crowded = tables.lines.length > CROWDED;
  view?.finalize();
  view = null;
  if (!tables.lines.length) box.replaceChildren();
  else {
    const made = await vegaEmbed(box, spec(crowded, at), {
      mode: "vega-lite", renderer: "canvas", ast: true, actions: false, defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
    });
    view = explorer.view = made.view;
    // not within the specification, which Vega-Lite copies and compares as text
    for (const name of DRAWN) view.data(name, tables[name]);
    await view.runAsync();
    const point = (_, found) => {
      pointed = found.cell ? { cell: found.cell[0], seed: found.seed[0] } : {};
      emphasise();
    };
    for (const name of crowded ? ["touched"] : ["hover", "touched"]) {
      view.addSignalListener(name, point);
    }
    view.addSignalListener("brush", (_, found) => found.epoch && brushed(found.epoch));
    emphasise();
  }
  tell(tables);
};
// One drawing at a time; of those that are asked for meanwhile the last one.
let busy = false, again = false;
const redraw = async () => {
  if (busy) return void (again = true);
  busy = true;
  try {
    do {
      again = false;
      await draw();
    } while (again);
  } catch (error) {
    remark.textContent = `This cannot be drawn here: ${error.message}`;
  } finally {
    busy = false;
  }
};

// --- finals: table, brush, emphasis -------------------------------------------------------------
const tell = (tables) => {
  const remarks = [];
  const { cut } = domain();
  if (!tables.lines.length) remarks.push("Nothing to draw: choose a cell and what it is shown of.");
  else if (cut !== null) remarks.push(`The axis is cut: the highest value is ${cut.toPrecision(3)}.`);
  for (const { cell, split, seeds } of each()) {
    const broken = seeds.filter((values) => !values.every(Number.isFinite)).length;
    if (broken) {
      remarks.push(`${about(cell)}, ${split}: not finite in ${broken} of ${seeds.length} seeds, which are left out there.`);
    }
  }
  remark.textContent = remarks.join(" ");
  range.from.max = range.to.max = longest();
  const [from, to] = span() ?? ["", ""];
  if (document.activeElement !== range.from) range.from.value = from;
  if (document.activeElement !== range.to) range.to.value = to;

  const splits = columns();
  const head = make("tr", {}, make("th", { scope: "col" }, "Cell"), ...splits.map(([split, column]) =>
    make("th", { scope: "col", class: "value" }, make("span", { class: `dash ${split}`, "aria-hidden": "true" }), " ", column)), make("th", { scope: "col", class: "value" }, "Seeds"));
  const rows = shown().map((cell) => {
    const place = chosen.indexOf(cell.name);
    const glyph = GLYPHS[Math.floor(place / COLOURS) % 4];
    const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
    swatch.innerHTML = `<svg width="24" height="12" viewBox="0 -6 24 12"><path d="M0,0H24" stroke="currentColor" stroke-width="2"/><path d="${glyph}" fill="currentColor"/></svg>`;
    swatch.style.color = `var(--cell-${(place % COLOURS) + 1})`;
    const button = make("button", { type: "button", "aria-pressed": marked.has(cell.name) }, swatch, about(cell));
    button.addEventListener("click", () => {
      if (!marked.delete(cell.name)) marked.add(cell.name);
      emphasise();
    });
    const row = make("tr", { "data-cell": cell.name }, make("th", { scope: "row" }, button));
    for (const [split] of splits) {
      const found = tables.means.find((of) => of.cell === cell.name && of.split === split);
      const value = make("td", { class: "value" }, number(found?.value));
      if (found?.low != null) value.append(make("span", { class: "ci" }, `[${number(found.low)}, ${number(found.high)}]`));
      row.append(value);
    }
    row.append(make("td", { class: "value" }, String(cell.seeds.length)));
    const point = (on) => () => {
      pointed = on ? { cell: cell.name } : {};
      emphasise();
    };
    for (const [event, on] of Object.entries({ pointerenter: true, pointerleave: false })) {
      row.addEventListener(event, point(on));
    }
    return row;
  });
  const text = epochs ? `Means over the epochs ${epochs[0]} to ${epochs[1]}`
    : "Finals: means over the last tenth of the epochs";
  const before = document.activeElement?.closest?.("tr")?.dataset.cell;
  finals.replaceChildren(make("table", { class: "table" }, make("caption", {}, text),
    make("thead", {}, head), make("tbody", {}, ...rows)));
  if (before) finals.querySelector(`[data-cell="${CSS.escape(before)}"] button`)?.focus();
  emphasise();
};
const emphasise = () => {
  const front = pointed.cell ? [pointed.cell] : [...marked];
  for (const row of finals.querySelectorAll("tbody tr")) {
    row.classList.toggle("behind", front.length > 0 && !front.includes(row.dataset.cell));
    row.querySelector("button").setAttribute("aria-pressed", marked.has(row.dataset.cell));
  }
  const seed = pointed.seed ?? null;
  if (!view || (view.signal("seed") === seed && view.signal("focus").join() === front.join())) return;
  view.signal("focus", front).signal("seed", seed).runAsync();
};
const brushed = ([low, high]) => {
  const last = longest();
  const from = Math.min(Math.max(1, Math.round(low)), last);
  const to = Math.min(Math.max(from, Math.round(high)), last);
  if (epochs?.[0] === from && epochs?.[1] === to) return;
  epochs = [from, to];
  const tables = { lines: lines(), finals: seedFinals(), means: means() };
  view.data("span", [{ from: from - 0.5, to: to + 0.5 }]);
  view.data("finals", tables.finals).data("means", tables.means).runAsync();
  tell(tables);
  say();
};

// --- the address, and the controls --------------------------------------------------------------
const say = () => {
  const said = new URLSearchParams({ explore: chosen.filter(Boolean).join(" "), show: form.show.value });
  if (form.as.value !== "mean") said.set("as", form.as.value);
  for (const split of SPLITS) if (!form[split].checked) said.set("without", split);
  if (form.log.checked) said.set("log", "yes");
  if (epochs) said.set("epochs", epochs.join(" "));
  history.replaceState(null, "", `#${said}`);
};
const heard = (address) => {
  const said = new URLSearchParams(address);
  const asked = said.get("explore").split(" ").filter(named);
  if (asked.length) chosen = asked;
  if (known(said.get("show")) || known(`val_${said.get("show")}`)) form.show.value = said.get("show");
  form.as.value = said.get("as") === "seeds" ? "seeds" : "mean";
  for (const split of SPLITS) form[split].checked = !said.getAll("without").includes(split);
  form.log.checked = said.has("log");
  const [from, to] = (said.get("epochs") ?? "").split(" ").map(Number);
  epochs = from >= 1 && to >= from ? [from, Math.min(to, longest())] : null;
  marked.clear();
  for (const tick of form.querySelectorAll(".cells input")) tick.checked = chosen.includes(tick.value);
};
const fill = () => {
  const bases = [...new Set(cells.flatMap((cell) => Object.keys(cell.columns)).map((column) =>
    column.startsWith("val_") ? column.slice(4) : column))];
  form.show.append(...bases.map((base) => make("option", {}, base)));
  for (const task of new Set(cells.map((cell) => cell.task))) {
    const group = make("p", {}, make("b", {}, task));
    for (const cell of cells.filter((of) => of.task === task)) {
      const tick = make("input", { type: "checkbox", value: cell.name });
      group.append(make("label", { title: cell.name }, tick, " ", cell.label));
    }
    form.querySelector(".cells").append(group);
  }
  chosen = cells.filter((cell) => cell.task === cells[0].task).slice(0, COLOURS).map((cell) => cell.name);
  for (const tick of form.querySelectorAll(".cells input")) tick.checked = chosen.includes(tick.value);
};
const paired = () => {
  form.querySelector(".splits").hidden = !(known(form.show.value) && known(`val_${form.show.value}`));
};

let started = null;
const start = () => started ??= (async () => {
  remark.textContent = "Unpacking …";
  const [script, data] = await Promise.all([
    inflated(library), inflated(document.querySelector("#explorer-data")),
  ]);
  ({ cells, published, t } = JSON.parse(data));
  document.head.append(make("script", {}, script));
  fill();
  form.addEventListener("input", ({ target }) => {
    if (target.closest(".cells")) choose(target.value, target.checked);
    paired();
    if (epochs && epochs[1] > longest()) epochs = null;
    redraw();
    say();
  });
  range.addEventListener("input", () => {
    const [from, to] = [range.from, range.to].map((field) => Math.round(Number(field.value)));
    if (!(from >= 1 && to >= from && to <= longest())) return;
    epochs = [from, to];
    redraw();
    say();
  });
  range.addEventListener("reset", (event) => {
    event.preventDefault();
    epochs = null;
    redraw();
    say();
  });
  for (const each of [form, range]) each.addEventListener("submit", (event) => event.preventDefault());
  let waiting;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => box.clientWidth && Math.abs(box.clientWidth - at) > 4 && redraw(), 120);
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] });
})();

const open = async () => {
  try {
    await start();
    const address = location.hash.slice(1);
    if (address.startsWith("explore=")) heard(address);
    paired();
    await redraw();
  } catch (error) {
    remark.textContent = `The explorer cannot start here: ${error.message}`;
  }
};
const arrive = () => {
  if (!location.hash.startsWith("#explore=")) return;
  if (explorer.open) open();
  explorer.open = true; // which opens it
  explorer.scrollIntoView();
};
explorer.addEventListener("toggle", () => explorer.open && open());
addEventListener("hashchange", arrive);
addEventListener("load", arrive);
document.addEventListener("click", (event) => { // the same link again
  const link = event.target.closest('a[href^="#explore="]');
  if (link && link.getAttribute("href") === location.hash) arrive();
});
for (const hidden of [explorer, ...document.querySelectorAll(".to-explorer")]) hidden.hidden = false;
});
