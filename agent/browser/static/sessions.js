// Sessions: what was begun, here or in the terminal, and can be gone on with.

import { h, plural, moment } from "./report-dom.js";
import { get } from "./api.js";
import { MISSING, note } from "./parts.js";

export async function sessionsView(place) {
  const sessions = await get("/api/sessions");
  place.wide();
  place.title("Sessions");
  place.show(
    h("header", { class: "head" }, h("h1", null, "Sessions"),
      h("p", { class: "lead" }, "The same as those of python -m agent.chat: what is begun here can be gone on with there, and the other way round.")),
    sessions.length === 0 && note("There is none yet: pick a sample and walk it."),
    h("ul", { class: "tickets" }, sessions.map((one) => h("li", null, h("a", { class: "ticket", href: `#/session/${encodeURIComponent(one.name)}` },
      h("strong", null, one.sample),
      one.problem ? h("span", { class: "bad" }, one.problem) : h("span", null, one.about),
      !one.problem && h("span", null, [one.finished ? "finished" : one.head === "start" ? "not begun" : `at ${one.head}`, MISSING[one.missing],
        one.branches > 1 && plural(one.branches, "branch", "branches"), one.turns > 0 && plural(one.turns, "turn")].filter(Boolean).join(" · ")),
      h("small", null, `${moment(new Date(one.changed * 1000).toISOString())}${one.open ? " · open" : ""}`))))));
}
