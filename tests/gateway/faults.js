// What is wrong with the page, for whoever sees, taps, tabs or listens. test_access.py says why.
() => {
  const found = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const named = (element) => {
    const text = element.innerText || element.name || element.getAttribute("class") || "";
    return `<${element.tagName.toLowerCase()}> ${text.trim().slice(0, 40)}`;
  };

  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const clear = (colour) => numbers(colour)[3] === 0;
  const light = (colour) =>
    numbers(colour)
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const papers = new Map();
  const paper = (element) => {
    if (!papers.has(element)) {
      const colour = getComputedStyle(element).backgroundColor;
      papers.set(element, clear(colour) && element.parentElement ? paper(element.parentElement) : colour);
    }
    return papers.get(element);
  };
  const contrast = (what, element, colour, least, ground = element) => {
    const [dark, bright] = [light(colour), light(paper(ground))].sort((a, b) => a - b);
    const is = (bright + 0.05) / (dark + 0.05);
    if (is < least) found.push(`${what} ${is.toFixed(2)} < ${least}: ${named(element)}`);
  };

  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push(`scrolls sideways, to ${root.scrollWidth} px`);
  if (!root.lang || !document.title) found.push("no language or title");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size < ids.length) found.push("an id twice");

  for (const element of all("body *")) {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (text && !element.closest("svg")) contrast("text", element, style.color, large ? 3 : 4.5);
  }

  const controls = all("a[href], button, input:not([type=hidden]), textarea, select, summary");
  for (const element of controls.filter((one) => !one.matches(".skip"))) {
    const style = getComputedStyle(element);
    const field = element.matches("input, textarea, select");
    const box = (element.type === "checkbox" ? element.closest("label") : element).getBoundingClientRect();
    const within = element.tagName === "A" && style.display === "inline";
    if (innerWidth < 640 && !within && Math.min(box.width, box.height) < 43.5)
      found.push(`${box.width.toFixed(0)} x ${box.height.toFixed(0)} px to tap: ${named(element)}`);
    const picture = element.querySelector("img");
    const name = field
      ? [...element.labels].map((label) => label.innerText).join("")
      : element.innerText + (picture ? picture.alt : "");
    if (!name.trim()) found.push(`no name: ${named(element)}`);
    if (field && element.type !== "checkbox")
      contrast("edge", element, style.borderTopColor, 3, element.parentElement);
    if (element.tagName === "BUTTON" && clear(style.backgroundColor))
      contrast("edge", element, style.borderTopColor, 3);
    if (element.placeholder)
      contrast("placeholder", element, getComputedStyle(element, "::placeholder").color, 4.5);
    element.focus({ focusVisible: true, preventScroll: true });
    if (style.outlineStyle === "none" || element.tabIndex !== 0) found.push(`no focus: ${named(element)}`);
  }

  for (const picture of all("img, svg:not([aria-hidden])"))
    if (!(picture.alt || picture.getAttribute("aria-label"))) found.push(`no name: ${named(picture)}`);
  return [...new Set(found)];
}
