// The server as the page sees it: one function a request, errors as Problem, a login's token in this tab only.

const TOKEN = "token";
const TIMEOUT = 20_000; // milliseconds; longer than the server's own deadline for a turn

/** An answer that is an error, or no answer at all (status 0). `retryAfter` is in seconds. */
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    super(body.detail ?? "The server cannot be reached.");
    this.status = status;
    this.code = body.code ?? "unreachable";
    this.correlationId = body.correlationId ?? null;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may go through a little later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** What becomes of a request whose login is over: nobody waits for its answer, and nobody else gets it. */
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
  if (response.ok && content === null) throw new Problem(0); // it broke off
  if (response.ok) return content;
  throw new Problem(response.status, content ?? {}, Number(response.headers.get("Retry-After")) || null);
}

export const pageConfig = () => request("GET", "/page-config");

/** One login: all that its customer asks, with its own token, until it is over. Every method may throw Ended. */
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

  /** Nothing more is asked or heard; the conversation stays on the server. */
  end() {
    this.#over.abort();
    sessionStorage.removeItem(TOKEN);
  }

  /** End it here, and then on the server, whoever has logged in here meanwhile. */
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

/** An id that nobody else makes: a message keeps it over every try, so that it is answered once. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
