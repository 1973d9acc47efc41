// The server's answers, or errors that are sentences.
import { t } from "./words.js";

const TRIES = 8;
const session = takeToken();

// A token in the page's address opens a session and is taken off the address at once.
async function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  await fetch("/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  }).catch(() => null);
}

export class ServerError extends Error {
  constructor(sentence, detail = "", status = 0) {
    super(sentence);
    this.detail = detail;
    this.status = status;
  }
}

export async function openSocket(path) {
  await session;
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}

const pause = seconds => new Promise(resolve => setTimeout(resolve, 1000 * seconds));

// A busy server says when to come again; then the page does.
export async function request(path, { method = "GET", body, accept = "application/json", type } = {}) {
  await session;
  const headers = { Accept: accept, ...(type ? { "Content-Type": type } : {}) };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(path, { method, body, headers }).catch(() => {
      throw new ServerError(t("error.unreachable"));
    });
    if (response.ok) return response;
    if (![429, 503].includes(response.status) || attempt === TRIES)
      throw problem(response.status, await response.json().catch(() => ({})));
    await pause(Math.min(Number(response.headers.get("Retry-After")) || 1, 10) + 0.3 * Math.random());
  }
}

const KNOWN = {
  401: "token",
  403: "token",
  408: "slow",
  413: "large",
  415: "kind",
  429: "busy",
  501: "missing",
  503: "busy",
};

function problem(status, told) {
  const key = KNOWN[status] ?? "refused";
  return new ServerError(t(`error.${key}`, { status }), told.detail ?? told.title ?? "", status);
}

export async function json(path, options) {
  return (await request(path, options)).json();
}

export function post(path, fields) {
  return json(path, { method: "POST", body: form(fields) });
}

function form(fields) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  return body;
}

// Rows of one photo; a photo that cannot be read is a row with status "error".
export async function analyze(file, heads) {
  try {
    return await post(`/v1/analyze?heads=${heads.join(",")}`, [["files", file]]);
  } catch (error) {
    if (error.status === undefined) throw error;
    return [{ source: file.name, status: "error", reason: error.detail, sentence: error.message }];
  }
}

// Uploads with progress, which fetch does not tell: ontold(share of the bytes sent).
export async function upload(path, fields, ontold) {
  await session;
  const call = new XMLHttpRequest();
  call.open("POST", path);
  call.upload.onprogress = event => event.lengthComputable && ontold(event.loaded / event.total);
  return new Promise((resolve, reject) => {
    call.onerror = () => reject(new ServerError(t("error.unreachable")));
    call.onload = () =>
      call.status < 400 ? resolve(parsed(call.responseText)) : reject(problem(call.status, parsed(call.responseText)));
    call.send(form(fields));
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
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
