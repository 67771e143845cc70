// The server as the page sees it: one function per request, errors as Problem, a login's token in this tab only.

const TOKEN = "token";
const TIMEOUT = 20_000; // milliseconds; longer than the server's own deadline for a turn

/** An error response, or no response at all (status 0). `retryAfter` is in seconds. */
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    super(body.detail ?? "The server cannot be reached.");
    this.status = status;
    this.code = body.code ?? "unreachable";
    this.correlationId = body.correlationId ?? null;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed a little later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** Thrown by a request whose login is over: its answer is dropped. */
export class Ended extends Error {}

async function request(method, path, { body, token, until, ...more } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: body && JSON.stringify(body), cache: "no-store", ...more };
  const signals = [AbortSignal.timeout(TIMEOUT), ...(until ? [until] : [])];
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.any(signals) });
  } catch {
    throw new Problem(0);
  }
  if (response.status === 204) return null;
  const content = await response.json().catch(() => null);
  if (response.ok && content === null) throw new Problem(0); // it was cut off
  if (response.ok) return content;
  throw new Problem(response.status, content ?? {}, Number(response.headers.get("Retry-After")) || null);
}

export const pageConfig = () => request("GET", "/page-config");

/** One login: its customer's requests, with its own token, until it is over. They throw Ended after that. */
export class Login {
  #over = new AbortController();
  #token;

  constructor(token) {
    this.#token = token;
    sessionStorage.setItem(TOKEN, token);
  }

  session = () => this.#ask("GET", "/auth/session");

  say = (message) => this.#ask("POST", "/chat", message);

  history = (query) => this.#ask("GET", `/chat/history?${new URLSearchParams(query)}`);

  /** Stop all requests and drop their answers; the conversation stays on the server. */
  end() {
    this.#over.abort();
    sessionStorage.removeItem(TOKEN);
  }

  /** End it here, and then on the server, even if somebody else has logged in here meanwhile. */
  async logOut() {
    this.end();
    await request("POST", "/auth/logout", { token: this.#token, keepalive: true });
  }

  async #ask(method, path, body) {
    const until = this.#over.signal;
    try {
      const answer = await request(method, path, { body, token: this.#token, until });
      if (!until.aborted) return answer;
    } catch (problem) {
      if (!until.aborted) throw problem;
    }
    throw new Ended();
  }
}

export async function logIn(accountNumber, code) {
  return new Login((await request("POST", "/auth", { body: { accountNumber, code } })).token);
}

/** The login that this tab had when its page was loaded, if any. */
export function resumed() {
  const token = sessionStorage.getItem(TOKEN);
  return token && new Login(token);
}

/** A unique id: a message keeps it over every try, so that it is answered once. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
