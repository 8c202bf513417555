// Behaviour of the page: drawing the charts, choosing pair, basis and range, colours, copying SQL, saving PNG.
// Charts come compiled; their colours are CSS variables, so the theme changes without drawing again.

const page = JSON.parse(document.getElementById("data").textContent);
const views = new Map();
const DAY = 86400000;
const FIRST = ["rebased", "ytd_gap_years", "week_flows"];
const plotOf = (name) => document.querySelector(`#chart-${name} .plot`);
const say = (text) => { document.getElementById("said").textContent = text; };

// --- drawing

function draw(name) {
  const plot = plotOf(name);
  if (!plot || views.has(name) || !plot.clientWidth || !page.charts[name]) return;
  // Vega labels its container in its own words: the chart is told by the element around it
  const container = Object.assign(document.createElement("div"), { ariaHidden: "true" });
  plot.append(container);
  const view = new vega.View(vega.parse(page.charts[name]), { renderer: "svg", container, hover: true, tooltip: showTip });
  views.set(name, view);
  if (name === "rebased" || name === "ytd_gap_years") setPair(name, view);
  view.run();
  fit(name);
}

// The plot is as wide as its container less what axes and labels take, which can change with the width: two turns.
async function fit(name) {
  const view = views.get(name), plot = plotOf(name);
  for (let turn = 0; turn < 2; turn += 1) {
    const over = Number(plot.querySelector("svg").getAttribute("width")) - plot.clientWidth;
    if (!plot.clientWidth || Math.abs(over) < 1) return;
    await view.width(Math.max(120, Math.floor(view.width() - over))).resize().runAsync();
  }
}

function showTip(handler, event, item, value) {
  const tip = document.getElementById("tip");
  tip.hidden = !value || typeof value !== "object";
  if (tip.hidden) return;
  tip.replaceChildren(...Object.entries(value).filter(([, shown]) => shown !== "").flatMap((pair, row) =>
    pair.map((text) => Object.assign(document.createElement("span"), {
      textContent: String(text).replaceAll("_", " ").replace(/^-(?=\d)/, "\u2212"),
    }))));
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 4))}px`;
  tip.style.top = `${event.clientY + height + 24 > innerHeight ? event.clientY - height - 10 : event.clientY + 16}px`;
}

// --- choosing

const control = (name) => document.getElementById(name);
const chosenKey = () => `${control("pair").value}|${control("basis").value}`;

function rowsOf(choice) {
  choice.rows ??= choice.columns.date.map((day, i) => ({
    date: day * DAY, small: choice.columns.small[i], large: choice.columns.large[i],
    gap: choice.columns.gap[i], session: choice.columns.session[i],
  }));
  return choice.rows;
}

function setPair(name, view) {
  const choice = page.choices[chosenKey()];
  view.change("pair", vega.changeset().remove(() => true).insert(rowsOf(choice).map((row) => ({ ...row }))));
  if (name === "rebased") view.signal("base", choice.ranges[control("range").value].base);
  else view.signal("this_year", choice.year).signal("this_session", choice.session);
}

function setWords(name, words) {
  const figure = document.getElementById(`chart-${name}`);
  figure.querySelector("h2").textContent = words.title;
  figure.querySelector(".subtitle").textContent = words.subtitle;
  figure.querySelector(".plot").setAttribute("aria-label", words.alt);
  for (const part of [".plot", ".png"]) figure.querySelector(part).hidden = !words.isDrawn;
  figure.querySelector(".nothing").hidden = words.isDrawn;
}

// A choice that does not exist is not offered: an index without dividends has no total return, short data no 3 years.
function offer() {
  const pair = control("pair").value;
  for (const option of control("basis").options) option.disabled = !page.choices[`${pair}|${option.value}`];
  settle("basis");
  const ranges = page.choices[chosenKey()].ranges;
  for (const option of control("range").options) option.disabled = !ranges[option.value];
  settle("range");
}

function settle(name) {
  const select = control(name);
  if (select.selectedOptions[0]?.disabled) select.value = [...select.options].find((option) => !option.disabled).value;
}

function choose() {
  offer();
  const choice = page.choices[chosenKey()];
  setWords("rebased", choice.ranges[control("range").value]);
  setWords("ytd_gap_years", choice.ytd);
  for (const name of ["rebased", "ytd_gap_years"]) {
    const view = views.get(name);
    if (view) { setPair(name, view); view.run(); fit(name); } else draw(name);
  }
  const only = [...control("basis").options].filter((option) => !option.disabled).length === 1;
  control("chosen").textContent = only ? `This pair has ${control("basis").value} returns only.` : "";
}

// --- colours

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === theme));
  }
  try { localStorage.setItem("smallcap-theme", theme); } catch { /* a page without storage keeps the reader's default */ }
}

// --- taking along

async function copySql(button) {
  const text = button.dataset.sql;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  flash(button, "copied");
}

function flash(button, word) {
  const before = button.textContent;
  button.textContent = word;
  say(`${button.getAttribute("aria-label") ?? before}: ${word}`);
  setTimeout(() => { button.textContent = before; }, 1200);
}

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const painted = (text) => text.replace(/var\(--([a-z-]+)\)/g, (_, name) => colourOf(name));

async function chartPng(button) {
  const figure = button.closest("figure");
  const svg = figure.querySelector("svg");
  const image = new Image();
  const text = painted(new XMLSerializer().serializeToString(svg));
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const words = [figure.querySelector("figcaption :is(h2, h3)").textContent, figure.querySelector(".subtitle")?.textContent ?? ""];
  await savePng(`smallcap-${figure.dataset.chart}-${page.asOf}.png`, words, image);
  flash(button, "saved");
}

async function cardPng(button) {
  const card = button.closest(".card");
  const lines = [card.querySelector("h2"), ...card.querySelectorAll("li"), card.querySelector(".unit")].map((node) => node.textContent);
  await savePng(`smallcap-${card.id}-${page.asOf}.png`, [card.querySelector(".value").textContent, ...lines], null);
  flash(button, "saved");
}

// A picture names its day and its source: pictures travel without the page.
async function savePng(name, lines, image) {
  const scale = 2, margin = 20, width = Math.max(420, image?.width ?? 0) + 2 * margin;
  const source = `Smallcap Watch, as of ${page.asOf}${page.isSimulated ? ", SIMULATED DATA, not the market" : ", real data"}`;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  const fonts = lines.map((_, row) => (row ? `12px ${family}` : `600 ${image ? 16 : 28}px ${family}`));
  const wrapped = lines.flatMap((line, row) => wrap(pen, line, fonts[row], width - 2 * margin).map((text) => ({ text, row })));
  const heights = wrapped.map(({ row }) => (row ? 17 : image ? 22 : 38));
  const top = heights.reduce((sum, height) => sum + height, margin) + (image ? 10 : 0);
  const height = top + (image?.height ?? 0) + 34;
  canvas.width = width * scale;
  canvas.height = height * scale;
  pen.scale(scale, scale);
  pen.fillStyle = colourOf("paper");
  pen.fillRect(0, 0, width, height);
  let y = margin;
  wrapped.forEach(({ text, row }, index) => {
    y += heights[index];
    pen.font = fonts[row];
    pen.fillStyle = colourOf(row ? "muted" : "ink");
    pen.fillText(text, margin, y - 5);
  });
  if (image) pen.drawImage(image, margin, top);
  pen.font = `11px ${family}`;
  pen.fillStyle = colourOf(page.isSimulated ? "warn" : "muted");
  pen.fillText(source, margin, height - 12);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 5000);
}

function wrap(pen, line, font, width) {
  pen.font = font;
  const found = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current ? `${current} ${word}` : word;
    if (current && pen.measureText(longer).width > width) { found.push(current); current = word; } else current = longer;
  }
  return [...found, current];
}

// --- start: the first screen at once, the rest when there is time

let stored = "";
try { stored = localStorage.getItem("smallcap-theme") ?? ""; } catch { /* no storage */ }
if (stored) setTheme(stored);
offer();
FIRST.forEach(draw);
window.smallcap = { firstChartMs: performance.now(), ready: false };

for (const name of ["pair", "basis", "range"]) control(name).addEventListener("change", choose);
document.addEventListener("click", (event) => {
  const target = event.target.closest("button, a");
  if (!target) return;
  if (target.matches(".sql")) copySql(target);
  else if (target.matches(".png")) chartPng(target);
  else if (target.matches(".card-png")) cardPng(target);
  else if (target.dataset.setTheme !== undefined) setTheme(target.dataset.setTheme);
  else if (target.matches(".method")) control("method").open = true;
});
control("later").addEventListener("toggle", () => Object.keys(page.charts).forEach(draw));
window.smallcap.interactiveMs = performance.now();

const waiting = Object.keys(page.charts).filter((name) => !FIRST.includes(name));
function next() {
  const name = waiting.shift();
  if (name) { draw(name); setTimeout(next); return; }
  window.smallcap.ready = true;
  window.smallcap.allChartsMs = performance.now();
}
setTimeout(next);

let resizing;
new ResizeObserver(() => {
  clearTimeout(resizing);
  resizing = setTimeout(() => views.forEach((_, name) => fit(name)), 120);
}).observe(document.querySelector("main"));
addEventListener("beforeprint", () => Object.keys(page.charts).forEach(draw));
