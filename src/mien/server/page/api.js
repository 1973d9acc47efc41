// The server's answers, or errors that are sentences.
import { t } from "./words.js";

const TRIES = 8;
let token = takeToken();

// A token given in the page's address is kept for this tab and taken off the address.
function takeToken() {
  const here = new URL(location.href);
  const given = new URLSearchParams(here.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("mien.token", given);
    here.hash = "";
    history.replaceState(null, "", here);
  }
  return sessionStorage.getItem("mien.token");
}

export class ServerError extends Error {
  constructor(sentence, detail = "", status = 0) {
    super(sentence);
    this.detail = detail;
    this.status = status;
  }
}

export function headers(more = {}) {
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

// A socket cannot send headers, so the token goes as a subprotocol.
export function openSocket(path) {
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address, token ? ["mien", `token.${token}`] : ["mien"]);
  socket.binaryType = "arraybuffer";
  return socket;
}

const pause = seconds => new Promise(resolve => setTimeout(resolve, 1000 * seconds));

// A busy server says when to come again; then the page does.
export async function request(path, { method = "GET", body, accept = "application/json", signal, more = {} } = {}) {
  for (let attempt = 1; ; attempt++) {
    const response = await reach(path, { method, body, signal, headers: headers({ Accept: accept, ...more }) });
    if (response.ok) return response;
    if (![429, 503].includes(response.status) || attempt === TRIES) throw await problem(response);
    await pause(Math.min(Number(response.headers.get("Retry-After")) || 1, 10) + 0.3 * Math.random());
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(t("error.unreachable"));
  }
}

async function problem(response) {
  const told = await response.json().catch(() => ({}));
  return problemFrom(response.status, told);
}

export function problemFrom(status, told) {
  const known = { 401: "error.token", 403: "error.token", 413: "error.large", 415: "error.kind", 429: "error.busy",
    501: "error.missing", 503: "error.busy" }[status];
  return new ServerError(t(known ?? "error.refused", { status }), told.detail ?? told.title ?? "", status);
}

export async function json(path, options) {
  return (await request(path, options)).json();
}

export function form(fields) {
  const body = new FormData();
  for (const [name, value] of fields) value instanceof File ? body.append(name, value, value.name) : body.append(name, value);
  return body;
}

// Rows of one photo; a photo that cannot be read is a row with status "error".
export async function analyze(file, { heads, signal } = {}) {
  const query = new URLSearchParams({ heads: heads.join(",") });
  try {
    const told = await json(`/v1/analyze?${query}`, { method: "POST", body: form([["files", file]]), signal });
    return Array.isArray(told) ? told : told.rows;
  } catch (error) {
    if (error.status === undefined) throw error;
    return [{ source: file.name, status: "error", reason: error.detail, sentence: error.message }];
  }
}

// Uploads with progress, which fetch does not tell: ontold(share of the bytes sent).
export function upload(path, body, ontold) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    for (const [name, value] of Object.entries(headers({ Accept: "application/json" }))) call.setRequestHeader(name, value);
    call.upload.onprogress = event => event.lengthComputable && ontold(event.loaded / event.total);
    call.onerror = () => reject(new ServerError(t("error.unreachable")));
    call.onload = () => {
      const told = parsed(call.responseText);
      call.status < 400 ? resolve(told) : reject(problemFrom(call.status, told));
    };
    call.send(body);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

// Server-sent events by fetch, since EventSource sends no token.
export async function* events(path, signal) {
  const response = await request(path, { accept: "text/event-stream", signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const lines = part.split("\n").filter(line => line.startsWith("data:"));
      if (lines.length) yield parsed(lines.map(line => line.slice(5)).join("\n"));
    }
  }
}

// Runs work(item) for all items, a few at once, in order of their start.
export async function several(items, work, atOnce = 3) {
  const queue = [...items];
  const worker = async () => {
    while (queue.length) await work(queue.shift());
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
