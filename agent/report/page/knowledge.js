// What was read from a sample as lists of facts, and any other JSON value as nested lists.

/** Knowledge of either domain: one line for each object or finding, then the rest. Relations are in the graph beside it. */
function knowledgeList(knowledge) {
  const { objects, findings, relations, ...rest } = knowledge;
  const listed = Array.isArray(objects) ? objects.map(objectWords) : Array.isArray(findings) ? findings.map(findingWords) : [];
  return [
    listed.length > 0 && h("ul", { class: "facts" }, listed.map((fact) => h("li", null, fact))),
    Object.entries(rest).filter(([, value]) => value && value.length !== 0).map(([name, value]) =>
      h("p", { class: "fact" }, h("span", { class: "muted" }, `${name} `), typeof value === "string" ? value : valueTree(value))),
  ];
}

function objectWords(object) {
  if (object === null || typeof object !== "object") return String(object);
  const attributes = Array.isArray(object.attributes) ? object.attributes.join(", ") : "";
  return [object.count !== undefined && h("b", null, `${object.count} × `), h("strong", null, String(object.name ?? "")), attributes && ` ${attributes}`];
}

function findingWords(finding) {
  if (finding === null || typeof finding !== "object") return String(finding);
  const [first, ...others] = [finding.abnormality, finding.anatomy, finding.location, finding.implication].filter(Boolean);
  return [h("strong", null, String(first ?? "")), others.length > 0 && ` ${others.join(", ")}`];
}

const spaced = (name) => name.replaceAll("_", " ");

/** Any JSON value as nested lists of names and values. */
function valueTree(value) {
  if (Array.isArray(value)) {
    const plain = value.every((one) => one === null || typeof one !== "object");
    return plain ? h("code", null, value.join(", ")) : h("ol", null, value.map((one) => h("li", null, valueTree(one))));
  }
  if (value !== null && typeof value === "object") {
    return h("dl", { class: "pairs" }, Object.entries(value).map(([name, one]) => [
      h("dt", null, spaced(name)), h("dd", null, valueTree(one))]));
  }
  return h("code", null, value === null ? "not set" : String(value));
}
