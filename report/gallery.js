// The heatmaps' galleries: without this script they show the first method and seed.
for (const browse of document.querySelectorAll(".browse")) {
  const form = browse.querySelector("form");
  const show = () => {
    const wanted = (element) =>
      element.dataset.seed === form.seed.value &&
      (element.dataset.method ?? form.method.value) === form.method.value;
    let left = 0;
    for (const tile of browse.querySelectorAll(".tile")) {
      for (const element of tile.querySelectorAll("[data-seed]")) element.hidden = !wanted(element);
      const heat = tile.querySelector(".heat:not([hidden])");
      const said = tile.querySelector("figcaption span:not([hidden])");
      const fits = !form.answers.value || said?.dataset.right === form.answers.value;
      tile.hidden = !(heat && fits);
      left += !tile.hidden;
    }
    browse.style.setProperty("--heat", form.heat.value / 100);
    browse.classList.toggle("no-picture", !form.picture.checked);
    browse.classList.toggle("no-outline", !form.outline.checked);
    browse.querySelector(".none").hidden = left > 0;
  };
  form.addEventListener("input", show);
  form.hidden = false;
  show();
}
