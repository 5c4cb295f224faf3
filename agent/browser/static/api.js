// Asking the server. Whatever goes wrong ends as an error whose message is a sentence for the user.

export class Refusal extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export const path = (...parts) => `/api/${parts.map(encodeURIComponent).join("/")}`;

export function get(where, asked = {}) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "" && value !== undefined));
  return ask(query.size ? `${where}?${query}` : where, {});
}

export function post(where, body = {}) {
  return ask(where, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

export function send(where, file) {
  return ask(where, { method: "POST", headers: { "Content-Type": file.type || "image/unknown" }, body: file });
}

async function ask(where, options) {
  let reply;
  try {
    reply = await fetch(where, { ...options, redirect: "error" });
  } catch {
    throw new Refusal("The server does not answer. Is python -m agent.web still running?", 0);
  }
  if (reply.status === 401) {
    location.assign("/");
    throw new Refusal("This page wants its token.", 401);
  }
  const value = await reply.json().catch(() => ({ error: `the server answered ${reply.status}` }));
  if (!reply.ok) throw new Refusal(value.error ?? `the server answered ${reply.status}`, reply.status);
  return value;
}

/** Events of a session until `close()`. The browser connects anew, and `lost` hears whether the connection is broken;
    `ended` hears when the server wants nobody to come again. */
export function listen(where, heard, lost, ended) {
  const source = new EventSource(where);
  source.onmessage = (message) => heard(JSON.parse(message.data));
  source.onopen = () => lost(false);
  source.onerror = () => (source.readyState === EventSource.CLOSED ? ended() : lost(true));
  return source;
}
