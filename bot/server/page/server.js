// The server as the page sees it: one function a request, errors as Problem, the token in this tab only.

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

async function request(method, path, body) {
  const headers = { Accept: "application/json" };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: body && JSON.stringify(body), cache: "no-store" };
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT) });
  } catch {
    throw new Problem(0);
  }
  if (response.status === 204) return null;
  const content = await response.json().catch(() => ({}));
  if (response.ok) return content;
  throw new Problem(response.status, content, Number(response.headers.get("Retry-After")) || null);
}

export const isLoggedIn = () => sessionStorage.getItem(TOKEN) !== null;

/** Forget the login; the conversation stays on the server. */
export const forget = () => sessionStorage.removeItem(TOKEN);

export const pageConfig = () => request("GET", "/page-config");

export async function login(accountNumber, code) {
  forget();
  const session = await request("POST", "/auth", { accountNumber, code });
  sessionStorage.setItem(TOKEN, session.token);
}

export async function logout() {
  try {
    await request("POST", "/auth/logout");
  } finally {
    forget();
  }
}

export const session = () => request("GET", "/auth/session");

export const say = (message) => request("POST", "/chat", message);

export function history(query) {
  return request("GET", `/chat/history?${new URLSearchParams(query)}`);
}

/** An id that nobody else makes: a message keeps it over every try, so that it is answered once. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
