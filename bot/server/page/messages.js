// Messages as elements. What the bot says is text, never HTML: everything is set as textContent.

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const SHOWN = ".bubble, .table, .choices";
const SHORT = 12; // characters: a column of such values never wraps

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "numeric", minute: "2-digit",
});

/** A message from the user; `sending`, `taken` and `fail` mark its state, `fail` with a button to try again. */
export function userMessage(message) {
  const made = frame("user", "You said:");
  made.append(bubble(shownText(message)));
  const meta = element("div", "meta");
  if (message.time) meta.append(time(message.time));
  made.append(meta);
  return {
    element: made,
    sending() {
      made.className = "message user sending";
      meta.textContent = "";
    },
    taken() {
      made.className = "message user";
      meta.replaceChildren(time(new Date().toISOString()));
    },
    fail(reason, again) {
      made.className = "message user failed";
      const button = element("button", "quiet", "Try again");
      button.type = "button";
      button.addEventListener("click", again);
      meta.replaceChildren(`Not sent. ${reason}`, button);
      return button;
    },
  };
}

/** A message from the bot; `choose` is called with the payload and title of a pressed button. */
export function botMessage(message, choose) {
  const made = frame("bot", "The bot said:");
  const { text, table } = separateTable(message);
  if (text) made.append(linked(bubble(""), text));
  if (table) made.append(drawTable(table));
  if (message.image) made.append(image(message.image, "A picture"));
  if (message.attachment) made.append(attachment(message.attachment));
  const choices = [...(message.buttons ?? []), ...(message.quick_replies ?? [])];
  for (const item of message.elements ?? []) {
    made.append(card(item));
    choices.push(...(item.buttons ?? []));
  }
  if (choices.length) made.append(choiceList(choices, choose));
  if (message.custom && !made.querySelector(SHOWN)) made.append(bubble("This message cannot be shown on this page."));
  if (message.time) {
    const meta = element("div", "meta");
    meta.append(time(message.time));
    made.append(meta);
  }
  return made.querySelector(SHOWN) ? made : null;
}

/** Disable the buttons in `log`: only the latest message's can be pressed. */
export function retireChoices(log) {
  for (const button of log.querySelectorAll(".choices button:enabled")) button.disabled = true;
}

function frame(who, spoken) {
  const made = element("div", `message ${who}`);
  made.append(element("span", "visually-hidden", spoken));
  return made;
}

function bubble(text) {
  const made = element("div", "bubble", text);
  made.dir = "auto";
  return made;
}

/** The bubble with the text added, its web addresses as links. */
function linked(made, text) {
  if (/\S {2,}\S.*\n.*\S {2,}\S/.test(text)) made.classList.add("columns");
  for (const part of text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'])/i)) made.append(link(part, part) ?? part);
  return made;
}

/** One item of a carousel: its picture, text and link. */
function card(item) {
  const made = item.image_url ? image(item.image_url, "") : bubble("");
  made.append(element("div", "", [item.title, item.subtitle].filter(Boolean).join("\n")));
  const action = item.default_action;
  if (action?.url) made.append(link(action.title ?? "Open", action.url) ?? "");
  return made;
}

/** A file to open: an address, or Rasa's `{"type": …, "payload": {"src": …, "title": …}}`. */
function attachment(given) {
  const { src, title } = given.payload ?? given;
  const address = typeof given === "string" ? given : String(src ?? "");
  const made = bubble("");
  made.append(link(title ?? "Open the attachment", address) ?? (address || "An attachment"));
  return made;
}

function shownText(message) {
  const title = message.metadata?.title;
  return message.text.startsWith("/") && typeof title === "string" ? title : message.text;
}

function time(iso) {
  const at = new Date(iso);
  const sameDay = at.toDateString() === new Date().toDateString();
  const made = element("time", "", (sameDay ? clock : dayAndClock).format(at));
  made.dateTime = iso;
  return made;
}

/** The text without the table that the payload contains too, and that table. */
function separateTable(message) {
  const table = message.custom?.type === "table" && Array.isArray(message.custom.rows) ? message.custom : null;
  if (!table || !message.text) return { text: message.text, table };
  const lines = message.text.split("\n");
  const titles = table.columns.map((column) => column.title);
  const first = lines.findIndex((line) => line.trim().split(/ {2,}/).join("\n") === titles.join("\n"));
  if (first >= 0) lines.splice(first, table.rows.length + 1);
  return { text: lines.join("\n").replace(/\n{3,}/g, "\n\n").trim(), table };
}

function drawTable(payload) {
  const made = element("table");
  if (payload.title) made.append(element("caption", "", payload.title));
  const classes = payload.columns.map((column, at) => columnClass(column, payload.rows.map((row) => row[at])));
  const titles = element("tr");
  payload.columns.forEach((column, at) => {
    const cell = element("th", classes[at], column.title);
    cell.scope = "col";
    titles.append(cell);
  });
  const head = element("thead");
  head.append(titles);
  const body = element("tbody");
  for (const row of payload.rows) {
    const line = element("tr");
    row.forEach((value, at) => line.append(element("td", classes[at], String(value ?? ""))));
    body.append(line);
  }
  made.append(head, body);
  const scrolled = element("div", "table");
  scrolled.tabIndex = 0; // so that the keyboard can scroll it
  scrolled.setAttribute("role", "region");
  scrolled.setAttribute("aria-label", payload.title ?? "Table");
  scrolled.append(made);
  return scrolled;
}

function columnClass(column, values) {
  if (column.align === "right") return "right";
  return values.every((value) => String(value ?? "").length <= SHORT) ? "short" : "";
}

/**
 * A picture from this server is shown; one from elsewhere is linked, because this page calls no other server.
 * `described` is its alternative text.
 */
function image(address, described) {
  const made = element("div", "bubble");
  const url = new URL(address, location.href);
  if (url.origin === location.origin || url.protocol === "data:") {
    const picture = element("img");
    picture.src = url.href;
    picture.alt = described;
    made.append(picture);
  } else {
    made.append(link("Open the picture", url.href) ?? address);
  }
  return made;
}

function choiceList(choices, choose) {
  const made = element("div", "choices");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", "Suggested answers");
  for (const choice of choices) {
    const title = choice.title ?? choice.payload ?? "";
    if (choice.url) {
      made.append(link(title, choice.url) ?? "");
      continue;
    }
    const button = element("button", "", title);
    button.type = "button";
    button.dir = "auto";
    button.addEventListener("click", () => choose(choice.payload ?? title, title));
    made.append(button);
  }
  return made;
}

function link(title, address) {
  if (!/^https?:\/\//i.test(address)) return null;
  const made = element("a", "", title);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}
