// A slider and a play button, in the place of pictures that are to be unfolded.
// The output may not be on the page yet when this runs.
(function start(waited) {
  const places = document.querySelectorAll('[data-training="KEY"]');
  if (places.length === 0 && waited < 100) {
    setTimeout(() => start(waited + 1), 100);
  }
  for (const place of places) {
    delete place.dataset.training;
    const images = [...place.querySelectorAll("span")];
    const button = document.createElement("button");
    let playing = 0;
    function play(on) {
      clearInterval(playing);
      playing = on ? setInterval(next, 400) : 0;
      button.textContent = on ? "\u23f8" : "\u25b6";
      button.setAttribute("aria-label", on ? "pause" : "play");
    }
    function next() {
      slider.value = (Number(slider.value) + 1) % images.length;
      show();
      if (Number(slider.value) === images.length - 1) play(false);
    }
    button.addEventListener("click", () => play(!playing));
    const title = document.createElement("span");
    const slider = document.createElement("input");
    slider.type = "range";
    slider.max = images.length - 1;
    slider.style.width = "20em";
    slider.setAttribute("aria-label", "epoch");
    function show() {
      images.forEach((image, k) => { image.hidden = k !== Number(slider.value); });
      title.textContent = ` ${images[slider.value].title}`;
      slider.setAttribute("aria-valuetext", images[slider.value].title);
    }
    slider.addEventListener("input", show);
    // Otherwise JupyterLab takes the arrow keys for folding headings.
    slider.addEventListener("keydown", (event) => event.stopPropagation());
    slider.value = images.length - 1;
    play(false);
    const line = document.createElement("br");
    place.replaceChildren(button, slider, title, line, ...images);
    show();
  }
})(0);
