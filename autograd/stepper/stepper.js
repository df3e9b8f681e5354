// Shows one frame of a stepper: see frames.py for what a frame is. No imports, no
// network: the drawing and all frames come with the model.

const READABLE = 0.75; // of its natural size

const KEYS = {
  ArrowLeft: (k) => k - 1,
  ArrowRight: (k) => k + 1,
  Home: () => 0,
  End: (_, last) => last,
};
const BUTTONS = [
  ["Home", "|◀", "to the beginning (Home)"],
  ["ArrowLeft", "◀", "one step back (left)"],
  ["ArrowRight", "▶", "one step on (right)"],
  ["End", "▶|", "to the end (End)"],
];

function make(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  return element;
}

// The parts of each node of the drawing: its group, and its lines "data" and "grad".
function partsOf(graph) {
  const parts = {};
  for (const group of graph.querySelectorAll("g.node")) {
    const lines = [...group.querySelectorAll("text")].reverse();
    const find = (word) => lines.find((line) => line.textContent.startsWith(word));
    parts[group.id] = { group, data: find("data"), grad: find("grad") };
  }
  return parts;
}

// Each edge of the drawing: its group, its label, and what the label says by itself.
function edgesOf(graph) {
  return [...graph.querySelectorAll("g.edge[class*=to-]")].map((group) => {
    const label = group.querySelector("text");
    return { group, label, words: label?.textContent ?? "" };
  });
}

// Backward, an edge bears what is passed on and points the way that it goes.
function showPassed(edges, passed) {
  const free = [...edges];
  for (const { group, label, words } of edges) {
    group.classList.remove("sa-passing");
    if (label) label.textContent = words;
  }
  for (const [from, to, amount] of passed ?? []) {
    const k = free.findIndex(
      ({ group }) =>
        group.classList.contains(`from-${to}`) && group.classList.contains(`to-${from}`),
    );
    if (k < 0) continue;
    const [{ group, label }] = free.splice(k, 1);
    group.classList.add("sa-passing");
    if (label) label.textContent = amount;
  }
}

// An arrowhead for the beginning of a line, for when it is gone the other way.
function addArrowhead(svg, id) {
  const space = "http://www.w3.org/2000/svg";
  const marker = document.createElementNS(space, "marker");
  const shape = { id, viewBox: "0 0 10 10", refX: 1, refY: 5, orient: "auto" };
  const size = { markerUnits: "userSpaceOnUse", markerWidth: 9, markerHeight: 9 };
  for (const [name, value] of Object.entries({ ...shape, ...size })) {
    marker.setAttribute(name, value);
  }
  const head = document.createElementNS(space, "path");
  head.setAttribute("d", "M10,1 L0,5 L10,9 z");
  head.setAttribute("class", "sa-head");
  marker.append(head);
  svg.prepend(marker);
  svg.style.setProperty("--sa-head", `url(#${id})`);
}

// The drawing's dark colours follow the system's preference; here the page decides,
// which may be dark where the system is light. They stay inside of the drawing.
function followPage(root, graph) {
  const sheet = graph.querySelector("style");
  if (!sheet) return () => {};
  const rules = sheet.textContent;
  const media = /\(prefers-color-scheme: *dark\)/;
  function follow() {
    const [red, green, blue] = getComputedStyle(root).color.match(/[\d.]+/g) ?? [];
    if (blue === undefined) return;
    const isDark = Number(red) + Number(green) + Number(blue) > 382;
    sheet.textContent = `.sa-graph{${rules.replace(media, isDark ? "all" : "not all")}}`;
  }
  // A theme is chosen by the system, or by an attribute of the page or of its body.
  const watcher = new MutationObserver(follow);
  watcher.observe(document.documentElement, { attributes: true });
  watcher.observe(document.body, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", follow);
  requestAnimationFrame(follow); // by then it is on the page
  return () => {
    watcher.disconnect();
    system.removeEventListener("change", follow);
  };
}

function render({ model, el }) {
  const frames = model.get("frames");
  const last = frames.length - 1;

  const root = make("div", "sa-stepper", {
    tabindex: "0",
    role: "group",
    "aria-label": "stepper: left and right, Home and End move through the steps",
    // Otherwise JupyterLab takes the arrow keys for folding headings.
    "data-lm-suppress-shortcuts": "true",
  });
  const controls = make("div", "sa-controls");
  const slider = make("input", "sa-slider", {
    type: "range",
    min: 0,
    max: last,
    "aria-label": "step",
  });
  const title = make("span", "sa-title");
  const buttons = {};
  for (const [key, label, hint] of BUTTONS) {
    const button = make("button", "", { type: "button", title: hint });
    button.setAttribute("aria-label", hint);
    button.textContent = label;
    button.addEventListener("click", () => go(KEYS[key](model.get("step"), last)));
    buttons[key] = button;
    controls.append(button);
  }
  controls.append(slider, title);
  const main = make("div", "sa-main");
  const graph = make("div", "sa-graph");
  const words = make("div", "sa-words", { "aria-live": "polite" });
  graph.innerHTML = model.get("svg");
  // What the drawing says of itself tells the end of the story.
  graph.querySelectorAll("title, desc").forEach((text) => text.remove());
  const svg = graph.querySelector("svg");
  svg.setAttribute("aria-label", "the graph; its step is told beside it");
  // A wide graph shrinks as long as it can be read, and is scrolled beyond that.
  svg.style.minWidth = `${READABLE * svg.width.baseVal.value}px`;
  main.append(graph, words);
  root.append(controls, main);
  el.append(root);
  const parts = partsOf(graph);
  const edges = edgesOf(graph);
  addArrowhead(svg, `sa-head-${Math.random().toString(36).slice(2)}`);

  function go(k) {
    model.set("step", Math.min(Math.max(k, 0), last));
    model.save_changes();
  }

  function show() {
    const k = Math.min(Math.max(model.get("step"), 0), last);
    const frame = frames[k];
    const known = { data: {}, grad: {} };
    for (const earlier of frames.slice(0, k + 1)) {
      Object.assign(known.data, earlier.data);
      Object.assign(known.grad, earlier.grad);
    }
    for (const [key, { group, data, grad }] of Object.entries(parts)) {
      if (data) {
        data.textContent = `data ${known.data[key] ?? ""}`;
        group.classList.toggle("sa-unknown", !(key in known.data));
      }
      if (grad) {
        grad.textContent = `grad ${known.grad[key] ?? ""}`;
      }
      group.classList.toggle("sa-now", frame.now.includes(key));
    }
    for (const { group } of edges) {
      const leadsTo = (key) => group.classList.contains(`to-${key}`);
      group.classList.toggle("sa-now", frame.now.some(leadsTo));
      group.classList.toggle("sa-unknown", !Object.keys(known.data).some(leadsTo));
    }
    showPassed(edges, frame.passed);
    words.innerHTML = frame.html;
    title.textContent = frame.title;
    slider.value = k;
    slider.setAttribute("aria-valuetext", frame.title);
    // Not `disabled`: a button that is would keep the focus and swallow the keys.
    for (const [key, move] of Object.entries(KEYS)) {
      const stays = Math.min(Math.max(move(k, last), 0), last) === k;
      buttons[key].setAttribute("aria-disabled", stays);
    }
    bringIntoView(parts[frame.now[0]]);
  }

  // Scrolls the drawing alone: scrollIntoView would move the whole notebook.
  function bringIntoView(part) {
    if (!part) return;
    const node = part.group.getBoundingClientRect();
    const box = graph.getBoundingClientRect();
    if (node.left < box.left || node.right > box.right) {
      graph.scrollLeft += (node.left + node.right - box.left - box.right) / 2;
    }
    if (node.top < box.top || node.bottom > box.bottom) {
      graph.scrollTop += (node.top + node.bottom - box.top - box.bottom) / 2;
    }
  }

  slider.addEventListener("input", () => go(Number(slider.value)));
  root.addEventListener("keydown", (event) => {
    const move = KEYS[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // the slider has its own meaning of these keys
    event.stopPropagation();
    go(move(model.get("step"), last));
  });
  model.on("change:step", show);
  show();
  const stopFollowing = followPage(root, graph);
  return () => {
    model.off("change:step", show);
    stopFollowing();
  };
}

export default { render };
