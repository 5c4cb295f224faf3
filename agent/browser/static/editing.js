// Change a value of the state and go on from there.

import { h } from "./report-dom.js";
import { get, post } from "./api.js";
import { asJson, attempt, button, dialog } from "./parts.js";

const WORDS = { graph: "Edit the graph", knowledge: "Edit the knowledge" };

/** Edit `graph` or `knowledge`, or with `candidate` its `description` or `text`. */
export const editor = (page, key, candidate) => attempt(async () => {
  const { at, branch, values } = await get(`${page.where}/editable`, { of: key, candidate: candidate?.index });
  const value = candidate ? values.candidates.find((one) => one.index === candidate.index)?.[key] ?? "" : values[key];
  const plain = typeof value === "string";
  const title = candidate ? `Edit candidate ${candidate.index + 1}` : WORDS[key];
  return dialog(title, (close) => {
    const field = h("textarea", { class: plain ? null : "code", rows: plain ? 8 : 18, spellcheck: plain ? "true" : "false", "aria-label": title, autofocus: true });
    field.value = plain ? value : asJson(value);
    const problem = h("p", { class: "bad", role: "alert" });
    const save = async (replay) => {
      try {
        const edited = plain ? field.value : JSON.parse(field.value);
        const change = candidate ? { candidates: [{ index: candidate.index, [key]: edited }] } : { [key]: edited };
        page.now = await post(`${page.where}/change`, { action: "edit", branch, values: change, moment: at, replay });
        page.looking = null;
        page.draw();
        close(true);
      } catch (error) {
        problem.textContent = error instanceof SyntaxError ? `This is not JSON: ${error.message}` : error.message;
      }
    };
    return [
      h("p", { class: "muted" }, `As it was made at #${at}. What depends on it is done anew; what was before stays in the history.`),
      field, problem,
      h("p", { class: "buttons" },
        h("button", { type: "button", class: "primary", onclick: () => save(true) }, "Save and replay"),
        button("Save", () => save(false)), button("Leave it", () => close()))];
  });
});
