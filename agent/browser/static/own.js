// A picture or a text of one's own.

import { h } from "./report-dom.js";
import { post, send } from "./api.js";
import { attempt, tell } from "./parts.js";

const LARGEST = 32 * 2 ** 20;

export function begin() {
  const domain = h("select", { id: "domain" }, [["general", "Anything"], ["xray", "A chest X-ray or its report"]].map(([value, words]) => h("option", { value }, words)));
  const text = h("textarea", { id: "own-text", rows: 3, placeholder: "Two red circles beside a blue star, at night." });
  const file = h("input", { id: "own-picture", type: "file", accept: "image/*", onchange: () => file.files[0] && picture(file.files[0]) });
  const open = ({ name }) => { location.hash = `#/session/${encodeURIComponent(name)}`; };

  const picture = (chosen) => attempt(async () => {
    if (chosen.size > LARGEST) return tell(`The picture has ${(chosen.size / 2 ** 20).toFixed(0)} MiB; at most 32 are taken.`, true);
    return open(await send(`/api/pictures?domain=${domain.value}`, chosen));
  });

  const box = h("div", { class: "panel own" },
    h("p", null, h("label", { for: "domain" }, "What is it? "), domain),
    h("form", { onsubmit: (event) => {
      event.preventDefault();
      if (text.value.trim()) attempt(async () => open(await post("/api/sessions", { text: text.value, domain: domain.value })));
      else text.focus();
    } }, h("label", { for: "own-text" }, "A text, to imagine its picture"), text,
    h("p", { class: "buttons" }, h("button", { type: "submit", class: "quiet" }, "Walk this text"))),
    h("p", null, h("label", { for: "own-picture" }, "Or a picture, to imagine its text (drop it here)"), file));
  box.addEventListener("dragover", (event) => event.preventDefault());
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) picture(event.dataTransfer.files[0]);
  });
  return box;
}
