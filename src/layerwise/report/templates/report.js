(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const choices = ["automatic", "light", "dark"];
  let chosen = 0;
  button.hidden = false;
  button.addEventListener("click", () => {
    chosen = (chosen + 1) % choices.length;
    if (chosen === 0) delete root.dataset.theme;
    else root.dataset.theme = choices[chosen];
    button.textContent = "Theme: " + choices[chosen];
  });
  const closed = [];
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details:not([open])")) {
      part.open = true;
      closed.push(part);
    }
  });
  addEventListener("afterprint", () => {
    while (closed.length) closed.pop().open = false;
  });
})();
