// What tests look for on a page of the stage: words that are cut off, things without a name, every text.
// Change this file to look at something else; tests/workshop/looking.py asks it.
(() => {
  const root = [...document.querySelectorAll("*")].find((each) => each.shadowRoot).shadowRoot;
  const all = (what, within = root) => [...within.querySelectorAll(what)];
  const shown = (each) => {
    const { width, height } = each.getBoundingClientRect();
    return width && height && getComputedStyle(each).clipPath === "none" && !each.closest(".unseen, thead, [hidden]");
  };
  const focused = () => {
    let at = document.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    return at === document.body ? null : at;
  };
  // Where something's own words are, or where it is itself when it is a picture.
  const place = (each) => {
    if (!each.childNodes.length || each.tagName === "svg") return each.getBoundingClientRect();
    const words = document.createRange();
    words.selectNodeContents(each);
    return words.getBoundingClientRect();
  };
  const overlap = (a, b) => a.right > b.left + 1 && b.right > a.left + 1 && a.bottom > b.top + 1 && b.bottom > a.top + 1;

  return {
    // Words that do not fit into what holds them.
    cutOff() {
      const held = "button:not(.door), h1, h2, h3, h4, summary, label, th, dt, figcaption b, a.item, .tool span";
      return all(held).filter((each) => shown(each) && getComputedStyle(each).display !== "inline")
        .filter((each) => each.scrollWidth > each.clientWidth + 1)
        .map((each) => `${each.tagName} ${each.textContent.trim().slice(0, 50)}: ${each.scrollWidth} in ${each.clientWidth}`);
    },
    // Parts of a button that lie on one another.
    covered() {
      return all(".shock").flatMap((shock) => {
        const parts = all(".icon, b, small, kbd", shock).filter((each) => getComputedStyle(each).display !== "none");
        return parts.flatMap((one, n) => parts.slice(n + 1).filter((other) => overlap(place(one), place(other)))
          .map((other) => `${one.textContent} and ${other.textContent}`));
      });
    },
    // What a screen reader could not tell.
    nameless() {
      const named = (each) => each.getAttribute("aria-label") || each.getAttribute("aria-labelledby") || each.getAttribute("alt")
        || each.textContent.trim() || (each.labels && each.labels.length);
      return all("button, select, input, a, img, section, [role=img], [role=dialog], [role=tabpanel], [role=group]")
        .filter((each) => !named(each)).map((each) => each.outerHTML.slice(0, 120));
    },
    // Every text, and what is told only by name or when the mouse rests on something.
    texts() {
      const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walk.nextNode()) if (!walk.currentNode.parentElement.closest("style")) found.push(walk.currentNode.data);
      for (const name of ["title", "aria-label", "alt"]) found.push(...all(`[${name}]`).map((each) => each.getAttribute(name)));
      return found.map((each) => each.trim()).filter(Boolean);
    },
    // What has the focus, and whether that is seen.
    focus() {
      const at = focused();
      if (!at) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const name = at.dataset.door === undefined ? at.dataset.testid || at.tagName : `door-${at.closest(".map").dataset.testid}`;
      return [name, outlineStyle !== "none" && parseFloat(outlineWidth) > 0];
    },
    // Whether the focus is in a panel, or nowhere on the page.
    within(panel) {
      const at = focused();
      return !at || at.matches(".stage") || Boolean(at.closest(`[data-testid=${panel}]`));
    },
    // Pictures of motion painted so far, and styles that are in motion.
    motion() {
      return [root.querySelector(".stage").counts.pictures, root.getAnimations ? root.getAnimations().length : 0];
    },
  };
})()
