// The page: log in, talk, and see what is going on, whatever happens to the session or the connection.

import { botMessage, retireChoices, userMessage } from "./messages.js";
import * as server from "./server.js";

const POLL_EVERY = 5_000; // milliseconds; polling does not extend the session
const TRIES = 3;
const WARN_BEFORE = 60; // seconds before the session idles out

const page = Object.fromEntries(
  ["title", "logout", "notice", "login", "login-form", "login-title", "login-error", "account", "code", "login-button",
   "demo", "demo-logins", "chat", "scroller", "earlier", "log", "typing", "status", "idle", "idle-text", "stay",
   "composer", "message", "send"].map((id) => [id, document.getElementById(id)]),
);

/** The state of one login: who is logged in, and how far the conversation is. Late answers never reach another's. */
const stateOf = (login, account = null) => (
  { login, account, turn: 0, before: null, busy: false, idleSeconds: 0, idleAt: 0 }
);

let state = stateOf(null);
let unsent = null; // what a customer had typed when the session ended, for when the same one logs in again

// --- showing -------------------------------------------------------------------------------------------------------

function show(which) {
  page.login.hidden = which !== "login";
  page.chat.hidden = which !== "chat";
  page.logout.hidden = which !== "chat";
}

function notice(text) {
  page.notice.textContent = text;
  page.notice.hidden = !text;
}

let followsEnd = true; // whether the end was in view, before anything was added or the keyboard came up

function atEnd() {
  return page.scroller.scrollHeight - page.scroller.scrollTop - page.scroller.clientHeight < 80;
}

function scrollToEnd() {
  page.scroller.scrollTop = page.scroller.scrollHeight;
}

/** Add messages; if the end was in view, scroll to the first of them. */
function add(messages) {
  const added = elementsOf(messages);
  if (!added.length) return;
  page.log.append(...added);
  if (followsEnd) page.scroller.scrollTop = added[0].offsetTop - 8;
}

/** The messages as they are shown; the time of replies that came together stands once, below the last. */
function elementsOf(messages) {
  const timed = messages.map((message, index) => {
    const next = messages[index + 1];
    const goesOn = message.role !== "user" && next && next.role !== "user" && next.time === message.time;
    return goesOn ? { ...message, time: undefined } : message;
  });
  return timed
    .map((message) => (message.role === "user" ? userMessage(message).element : botMessage(message, say)))
    .filter(Boolean);
}

function showTyping(isTyping) {
  page.typing.hidden = !isTyping;
  page.status.textContent = isTyping ? "The bot is answering" : "";
  if (isTyping) scrollToEnd();
}

// --- session -------------------------------------------------------------------------------------------------------

/** Show the login form, and remove everything of the last customer from the page. */
function askForLogin(text = "") {
  state.login?.end();
  state = stateOf(null);
  page.log.replaceChildren();
  for (const field of [page.message, page.account, page.code]) field.value = "";
  page.idle.hidden = true;
  setReady(true);
  show("login");
  notice(text);
  page.account.focus();
}

async function logIn(account, code) {
  if (page.login.ariaBusy === "true") return;
  loginError("");
  notice("");
  showLoggingIn(true);
  try {
    state = stateOf(await server.logIn(account, code), account);
    page.code.value = "";
    await openChat();
    if (unsent?.account === account) page.message.value = unsent.text;
    unsent = null;
  } catch (problem) {
    if (problem instanceof server.Ended) return;
    loginError(loginTrouble(problem), [400, 401].includes(problem.status));
  } finally {
    showLoggingIn(false);
  }
}

/** Show whether a login attempt is in progress, by the form or a demo button: there is only one at a time. */
function showLoggingIn(isLoggingIn) {
  page.login.ariaBusy = String(isLoggingIn);
  page["login-button"].textContent = isLoggingIn ? "Logging in…" : "Log in";
}

async function logOut() {
  const { login } = state;
  unsent = null;
  askForLogin("Logging out…");
  const isEnded = await login.logOut().then(() => true, () => false);
  if (state.login) return; // somebody has logged in meanwhile
  notice(isEnded ? "You are logged out." : "You are logged out here; the server is unreachable, so your session will expire.");
}

function loginError(text, fieldsAreWrong = false) {
  page["login-error"].textContent = text;
  page["login-error"].hidden = !text;
  for (const field of [page.account, page.code]) field.setAttribute("aria-invalid", String(fieldsAreWrong));
  if (!text) return;
  page.code.focus();
  page.code.select(); // what is typed next replaces it
}

function loginTrouble(problem) {
  if (problem.status === 401) return "That account number and code do not match. Please check both.";
  if (problem.status === 429) return `Too many attempts. Please wait ${span(problem.retryAfter ?? 30)} and try again.`;
  if (problem.status === 400) return "Please fill in the account number and the code.";
  return "Logging in is not possible at the moment. Please try again in a little while.";
}

function span(seconds) {
  if (seconds < 90) return `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

async function openChat() {
  const session = await state.login.session();
  state.idleSeconds = session.idleTimeoutSeconds;
  stayedAlive(0.9);
  const newest = await state.login.history({ limit: 50 });
  show("chat");
  page.log.setAttribute("aria-live", "off"); // earlier messages must not be read out
  page.log.replaceChildren(...elementsOf(newest.messages));
  retireOldChoices();
  noteHistory(newest);
  scrollToEnd();
  requestAnimationFrame(() => page.log.setAttribute("aria-live", "polite"));
  page.message.focus();
}

function retireOldChoices() {
  const last = page.log.lastElementChild;
  for (const message of page.log.children) if (message !== last) retireChoices(message);
}

function noteHistory(history) {
  state.before = history.before;
  page.earlier.hidden = state.before === null;
  state.turn = Math.max(state.turn, history.messages.at(-1)?.turn ?? 0);
}

/** Restart the session's idle time; a read may have come up to a tenth of it too early to extend the session. */
function stayedAlive(share = 1) {
  state.idleAt = Date.now() + state.idleSeconds * share * 1000;
  page.idle.hidden = true;
}

function sessionOver(undelivered = "") {
  const text = undelivered || page.message.value;
  if (state.account && text) unsent = { account: state.account, text };
  askForLogin("Your session has ended, to keep your account safe. Log in again to go on where you left off.");
}

// --- talking -------------------------------------------------------------------------------------------------------

async function say(text, title) {
  if (state.busy || !text.trim()) return;
  // A pressed button is disabled: keyboard users go on from here, not from the top of the page.
  if (page.log.contains(document.activeElement)) page.log.focus({ preventScroll: true });
  retireChoices(page.log);
  const message = { message: text, messageId: server.newId() };
  if (title && title !== text) message.metadata = { title };
  const shown = userMessage({ text, metadata: message.metadata });
  page.log.append(shown.element);
  scrollToEnd();
  await deliver(message, shown);
}

async function deliver(message, shown) {
  const { login } = state;
  notice("");
  setReady(false);
  shown.sending();
  try {
    const answer = await patiently(() => login.say(message));
    shown.taken();
    stayedAlive();
    await showAnswer(answer);
    setReady(true);
  } catch (problem) {
    if (problem instanceof server.Ended) return;
    setReady(true);
    undelivered(problem, message, shown);
  }
}

/** Set whether the next message may be sent, or one is being answered. */
function setReady(isReady) {
  state.busy = !isReady;
  page.send.disabled = !isReady;
  showTyping(!isReady);
}

/** Retry while the server is busy or unreachable; the message's id makes sure that it is answered once. */
async function patiently(request) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (problem) {
      if (!problem.passing || attempt === TRIES || problem.retryAfter > 10) throw problem;
      await new Promise((resume) => setTimeout(resume, (problem.retryAfter ?? attempt) * 1000));
    }
  }
}

async function showAnswer(answer) {
  if (answer.turn !== state.turn + 1) return catchUp(answer);
  state.turn = answer.turn;
  const time = new Date().toISOString();
  add(answer.replies.map((reply) => ({ ...reply, time })));
}

/** Something else was said meanwhile (another tab, a reminder): show everything, in order. */
async function catchUp(answer) {
  const newest = await state.login.history({ limit: 50 });
  page.log.replaceChildren(...elementsOf(newest.messages));
  retireOldChoices();
  noteHistory(newest);
  state.turn = Math.max(state.turn, answer.turn);
  scrollToEnd();
}

function undelivered(problem, message, shown) {
  if (problem.status === 401) return sessionOver(message.metadata ? "" : message.message);
  const button = shown.fail(trouble(problem), () => deliver(message, shown));
  if (!page.message.value) button.focus(); // if something is being typed, the focus must stay there
  scrollToEnd();
}

function trouble(problem) {
  if (problem.status === 0) return "There is no connection to the server.";
  if (problem.status === 400) return "The bot cannot read this message.";
  if (problem.passing) return "The bot is busy at the moment.";
  const reference = problem.correlationId ? ` (reference ${problem.correlationId})` : "";
  return `Something went wrong on our side${reference}.`;
}

// --- in the background -----------------------------------------------------------------------------------------------

async function poll() {
  if (page.chat.hidden || state.busy || document.hidden) return;
  const { login, turn } = state;
  try {
    const news = await login.history({ after: turn, limit: 50 });
    notice("");
    if (state.busy || state.turn !== turn || !news.messages.length) return; // an answer, or another poll, was first
    retireChoices(page.log);
    add(news.messages);
    state.turn = news.messages.at(-1).turn;
  } catch (problem) {
    if (problem.status === 401) sessionOver();
    else if (problem.status === 0) notice("There is no connection to the server. Trying again…");
  }
}

function watchTheClock() {
  if (page.chat.hidden || !state.idleAt) return;
  const left = Math.round((state.idleAt - Date.now()) / 1000);
  if (left > WARN_BEFORE || state.busy) return;
  if (left <= 0) return sessionOver();
  if (page.idle.hidden) page["idle-text"].textContent = "You will be logged out in a minute.";
  page.idle.hidden = false;
}

async function stay() {
  try {
    await state.login.session();
    stayedAlive(0.9);
    page.message.focus();
  } catch (problem) {
    if (problem.status === 401) sessionOver();
  }
}

async function showEarlier() {
  page.earlier.disabled = true;
  try {
    const older = await state.login.history({ limit: 50, before: state.before });
    const height = page.scroller.scrollHeight;
    page.log.setAttribute("aria-live", "off");
    page.log.prepend(...elementsOf(older.messages));
    retireOldChoices();
    state.before = older.before;
    page.earlier.hidden = state.before === null;
    page.scroller.scrollTop += page.scroller.scrollHeight - height;
    requestAnimationFrame(() => page.log.setAttribute("aria-live", "polite"));
  } catch (problem) {
    if (problem.status === 401) sessionOver();
    else if (!(problem instanceof server.Ended)) notice("Earlier messages cannot be shown at the moment.");
  } finally {
    page.earlier.disabled = false;
  }
}

// --- the page itself -------------------------------------------------------------------------------------------------

function listen() {
  page["login-form"].addEventListener("submit", (event) => {
    event.preventDefault();
    logIn(page.account.value.trim(), page.code.value);
  });
  page.logout.addEventListener("click", logOut);
  page.composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = page.message.value.trim();
    if (!text || state.busy) return;
    page.message.value = "";
    say(text);
    page.message.focus();
  });
  page.message.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    page.composer.requestSubmit();
  });
  page.earlier.addEventListener("click", showEarlier);
  page.stay.addEventListener("click", stay);
  page.scroller.addEventListener("scroll", () => { followsEnd = atEnd(); });
  new ResizeObserver(() => followsEnd && scrollToEnd()).observe(page.scroller);
  document.addEventListener("visibilitychange", poll);
  setInterval(poll, POLL_EVERY);
  setInterval(watchTheClock, 1_000);
}

function offerDemo(logins) {
  page.demo.hidden = logins.length === 0;
  for (const { accountNumber, code, name } of logins) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    const who = document.createElement("span");
    who.textContent = name || "Customer";
    const which = document.createElement("span");
    which.textContent = `${accountNumber} / ${code}`;
    button.append(who, which);
    button.addEventListener("click", () => logIn(accountNumber, code));
    const item = document.createElement("li");
    item.append(button);
    page["demo-logins"].append(item);
  }
}

async function start() {
  listen();
  try {
    const config = await server.pageConfig();
    document.title = config.title;
    page.title.textContent = config.title;
    page.message.maxLength = config.maxMessageCharacters;
    page.log.lang = config.language; // what the bot says; the page's own words are English
    page.log.dataset.empty = "Say hello, or ask what I can do.";
    offerDemo(config.demo);
    const login = server.resumed();
    if (!login) return askForLogin();
    state = stateOf(login);
    await openChat();
  } catch (problem) {
    if (problem.status === 401) return sessionOver();
    if (problem instanceof server.Ended) return;
    askForLogin("The server cannot be reached at the moment. Please reload the page in a little while.");
  }
}

start();
