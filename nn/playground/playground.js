// Asks for what was chosen, and shows the picture that comes back.
function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "sa-play";
  const controls = document.createElement("div");
  controls.className = "sa-controls";
  const picture = document.createElement("div");
  const fault = document.createElement("p");
  fault.setAttribute("role", "alert");
  let asked = 0;
  let running = false;

  function ask(message) {
    asked += 1;
    model.send({ ...message, asked });
  }
  function labelled(words, control) {
    const label = document.createElement("label");
    label.append(`${words} `, control);
    controls.append(label);
    return control;
  }
  function button(words, name, act) {
    const made = document.createElement("button");
    made.textContent = words;
    made.setAttribute("aria-label", name);
    made.title = name;
    made.addEventListener("click", act);
    controls.append(made);
    return made;
  }
  function run(on) {
    running = on;
    go.textContent = on ? "⏸" : "▶";
    go.title = on ? "pause" : "run";
    go.setAttribute("aria-label", go.title);
    if (on) ask({ do: "step" });
  }
  const go = button("▶", "run", () => run(!running));
  button("▶|", "one epoch", () => { run(false); ask({ do: "step" }); });
  button("↺", "start again", () => { run(false); ask({ do: "restart" }); });
  const rate = labelled("rate", document.createElement("select"));
  rate.addEventListener("change", () => ask({ do: "rate", rate: Number(rate.value) }));
  const activation = labelled("activation", document.createElement("select"));
  activation.addEventListener("change", () => {
    run(false);
    ask({ do: "restart", activation: activation.value });
  });
  const hidden = labelled("hidden units", document.createElement("input"));
  hidden.size = 8;
  hidden.title = "a number for each hidden layer: 4, or 4, 2";
  hidden.addEventListener("change", () => {
    run(false);
    ask({ do: "restart", hidden: hidden.value });
  });
  function choices(select, values, chosen) {
    select.replaceChildren(...values.map((value) => new Option(value, value)));
    select.value = chosen;
  }
  function show() {
    const state = model.get("state");
    picture.innerHTML = state.svg;
    choices(rate, state.rates, state.rate);
    choices(activation, state.activations, state.activation);
    if (document.activeElement !== hidden || !state.fault) hidden.value = state.hidden;
    fault.textContent = state.fault;
    if (state.fault) run(false);
    // The next one only when the last one asked for has come.
    if (running && state.asked === asked) {
      setTimeout(() => { if (running) ask({ do: "step" }); }, 0);
    }
  }
  // Otherwise JupyterLab takes keys typed here for its own commands.
  root.addEventListener("keydown", (event) => event.stopPropagation());
  model.on("change:state", show);
  root.append(controls, fault, picture);
  el.append(root);
  show();
  return () => {
    running = false;
    model.off("change:state", show);
  };
}

export default { render };
