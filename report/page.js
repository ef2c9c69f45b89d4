// What the renderers leave out: a way past the contents, contents that fold, roles and names, boxes
// that scroll by keyboard, and a colour scheme that is kept.

if (document.querySelector("#quarto-document-content") &&
    !document.querySelector('a[href="#quarto-document-content"]')) { // Quarto 1.11 has its own
  const skip = document.createElement("a");
  Object.assign(skip, { href: "#quarto-document-content", className: "skip" });
  skip.textContent = "Skip to the content";
  document.body.prepend(skip);
}

// On a narrow page Quarto's contents stand before the answer.
for (const contents of document.querySelectorAll("#TOC-body")) {
  const fold = document.createElement("details"), summary = document.createElement("summary");
  const heading = contents.querySelector("h2");
  contents.ariaLabel = summary.textContent = heading.textContent;
  heading.remove();
  fold.append(summary, ...contents.childNodes);
  contents.append(fold);
}

for (const callout of document.querySelectorAll(".callout:not([role])")) callout.role = "note";

// A box that scrolls can be reached, and only while it does.
const scrolls = (box) => {
  const more = box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible";
  if (more) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
};
const watched = new ResizeObserver((entries) => entries.forEach(({ target }) => scrolls(target)));
addEventListener("load", () => {
  const boxes = ".quarto-float-fig > div, .quarto-float-tbl > div, .explorer .finals, main pre";
  for (const box of document.querySelectorAll(boxes)) watched.observe(box);
});

addEventListener("load", () => {
  for (const toggle of document.querySelectorAll("a.quarto-color-scheme-toggle"))
    toggle.ariaLabel ||= "Light or dark";
});

// From disk Quarto forgets at a reload which scheme was chosen. Without storage all stays as it is.
if (location.protocol === "file:") addEventListener("load", () => {
  const key = "colour-scheme:" + location.pathname;
  const dark = () => document.body.classList.contains("quarto-dark");
  const toggle = document.querySelector(".quarto-color-scheme-toggle");
  if (!toggle) return;
  try {
    const chosen = localStorage.getItem(key);
    if (chosen && (chosen === "dark") !== dark()) toggle.click();
    toggle.addEventListener("click", () => setTimeout(() => {
      localStorage.setItem(key, dark() ? "dark" : "light");
    }));
  } catch {}
});
