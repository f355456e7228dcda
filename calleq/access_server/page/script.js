"use strict";
// Makes the page from /openapi.json. Everything from the description becomes text, never markup.

const $ = (id) => document.getElementById(id);
let api = {};
let lastCall = "";

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function resolved(schema) {
  const seen = schema && schema.$ref;
  return seen ? { ...api.components.schemas[seen.split("/").pop()], $name: seen.split("/").pop() } : schema || {};
}

function typeOf(schema) {
  if (!schema) return "any value";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const either = schema.anyOf || schema.oneOf;
  if (either) return [...new Set(either.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.type === "array") return "list of " + typeOf(schema.items || (schema.prefixItems || [])[0]);
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  return [schema.format, schema.type].filter(Boolean).join(" ") || "any value";
}

function bounds(schema) {
  const said = [];
  const put = (name, before, after = "") => schema[name] !== undefined && said.push(before + " " + schema[name] + after);
  put("minimum", "at least"); put("maximum", "at most");
  if (schema.minLength > 1) put("minLength", "at least", " characters");
  put("maxLength", "at most", " characters");
  put("pattern", "written as");
  if (schema.default !== undefined && schema.default !== "" && schema.default !== null)
    said.push("otherwise " + JSON.stringify(schema.default));
  return said.join(", ");
}

function inner(schema) {
  if (!schema) return [];
  if (schema.$ref) return [schema];
  if (schema.type === "array") return inner(schema.items);
  return (schema.anyOf || schema.oneOf || []).flatMap(inner);
}

function plain(text) {
  return text.replaceAll("`", "");
}

function field(name, schema, needed, description, depth) {
  const term = make("dt", {}, make("code", {}, name), make("span", { class: "type" }, typeOf(schema)));
  if (needed) term.append(make("span", { class: "needed" }, "needed"));
  const about = make("dd");
  if (description || schema.description) about.append(make("p", {}, plain(description || schema.description)));
  const limits = bounds(schema);
  if (limits) about.append(make("p", { class: "note" }, limits));
  if (depth < 4)
    for (const part of inner(schema)) {
      const whole = resolved(part);
      if (whole.properties || whole.anyOf || whole.oneOf) {
        const opened = make("details", {}, make("summary", {}, whole.$name));
        opened.addEventListener("toggle", () => opened.children.length > 1 || opened.append(shape(part, depth + 1)), { once: true });
        about.append(opened);
      }
    }
  return make("div", {}, term, about);
}

function shape(schema, depth = 0) {
  const whole = resolved(schema);
  const holder = make("div");
  if (whole.description && depth) holder.append(make("p", { class: "note" }, whole.description));
  const either = whole.anyOf && !whole.properties ? whole.anyOf : whole.oneOf;
  if (either) {
    for (const one of either) {
      const named = resolved(one);
      const opened = make("details", {}, make("summary", {}, make("code", {}, named.$name || typeOf(one)), " ", named.description || ""));
      opened.append(shape(one, depth + 1));
      holder.append(make("dl", { class: "fields" }, make("div", {}, make("dd", {}, opened))));
    }
    return holder;
  }
  const needed = new Set(whole.required || []);
  const list = make("dl", { class: "fields" });
  for (const [name, part] of Object.entries(whole.properties || {}))
    list.append(field(name, part, needed.has(name), "", depth));
  holder.append(list.children.length ? list : make("p", { class: "note" }, typeOf(whole)));
  return holder;
}

function credentials() {
  const key = $("key").value.trim();
  if (key) return { authorization: "Bearer " + key };
  const business = $("business").value.trim();
  if (!business) return {};
  const octets = new TextEncoder().encode(business + ":" + $("password").value);
  return { authorization: "Basic " + btoa(String.fromCharCode(...octets)) };
}

function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";
}

// The same request for a terminal; curl asks for the password, a key is named and not shown.
function asCurl(method, target, headers, body) {
  const said = ["curl -s" + (target.endsWith("/stream") ? "N" : "")];
  if (method !== "GET") said.push("-X " + method);
  if ($("key").value.trim()) said.push("-H \"authorization: Bearer $CALLEQ_KEY\"");
  else if ($("business").value.trim()) said.push("-u " + quoted($("business").value.trim()));
  for (const [name, value] of Object.entries(headers))
    if (name !== "authorization") said.push("-H " + quoted(name + ": " + value));
  if (body) said.push("-d " + quoted(body.replace(/\s*\n\s*/g, " ")));
  return said.join(" ") + " " + quoted(location.origin + target);
}

function sender(method, path, operation) {
  const form = make("form", { class: "try" });
  const inputs = [];
  for (const parameter of operation.parameters || []) {
    const input = make("input", { name: parameter.name, spellcheck: "false", autocomplete: "off" });
    if (parameter.in === "path" && parameter.name === "call")
      form.addEventListener("focusin", () => { input.value = input.value || lastCall; }, { once: true });
    inputs.push([parameter, input]);
    form.append(make("label", {}, parameter.name, " ", make("span", { class: "note" }, parameter.in), make("br"), input));
  }
  const content = ((operation.requestBody || {}).content || {})["application/json"];
  let body = null;
  if (content) {
    const examples = Object.entries(content.examples || {});
    body = make("textarea", { spellcheck: "false", "aria-label": "Body" });
    const put = (value) => { body.value = JSON.stringify(value, null, 2); body.rows = body.value.split("\n").length + 1; };
    if (examples.length) put(examples[0][1].value);
    if (examples.length > 1) {
      const choices = make("select", { "aria-label": "Example", onchange: () => put(examples[choices.selectedIndex][1].value) },
        ...examples.map(([name]) => make("option", {}, name)));
      form.append(make("label", {}, "Example ", choices));
    }
    form.append(make("label", {}, "Body", body));
  }
  const status = make("p", { role: "status", class: "note" });
  const output = make("pre", { hidden: true, tabindex: "0", "aria-label": "Answer" });
  const curl = make("pre", { hidden: true, tabindex: "0", class: "curl", "aria-label": "The same with curl" });
  form.append(make("div", { class: "row" }, make("button", { type: "submit" }, "Send")), status, output, curl);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let target = path;
    const query = new URLSearchParams();
    const headers = credentials();
    for (const [parameter, input] of inputs) {
      const value = input.value.trim();
      if (parameter.in === "path") target = target.replace("{" + parameter.name + "}", encodeURIComponent(value));
      else if (value && parameter.in === "query") query.set(parameter.name, value);
      else if (value) headers[parameter.name] = value;
    }
    const asked = { method, headers };
    if (body) { headers["content-type"] = "application/json"; asked.body = body.value; }
    target += query.size ? "?" + query : "";
    curl.textContent = asCurl(method, target, headers, asked.body);
    curl.hidden = false;
    status.textContent = "Sent…";
    try {
      const answer = await fetch(target, asked);
      const text = await answer.text();
      status.textContent = answer.status + " " + answer.statusText + "  ·  Request-Id " + answer.headers.get("request-id");
      status.className = answer.ok ? "status-good" : "status-bad";
      try {
        const said = JSON.parse(text);
        if (answer.status === 202 && said.call) lastCall = said.call;
        output.textContent = JSON.stringify(said, null, 2);
      } catch { output.textContent = text; }
      output.hidden = !text;
    } catch (error) {
      status.textContent = "No answer: " + error.message;
      status.className = "status-bad";
    }
  });
  return form;
}

function inside(method, path, operation) {
  const holder = make("div", { class: "inside" });
  if (operation.description) holder.append(make("p", {}, operation.description));
  const ways = (operation.security || []).map((one) => Object.keys(one)[0] || "the message's own password");
  holder.append(make("p", { class: "note" }, ways.length ? "Who asks: " + ways.join(", ") : "Open to anybody"));
  if ((operation.parameters || []).length) {
    const list = make("dl", { class: "fields" });
    for (const parameter of operation.parameters)
      list.append(field(parameter.name + " (" + parameter.in + ")", parameter.schema || {}, parameter.required, parameter.description, 9));
    holder.append(make("h3", {}, "Parameters"), list);
  }
  const content = ((operation.requestBody || {}).content || {})["application/json"];
  if (content) holder.append(make("h3", {}, "Body"), shape(content.schema));
  holder.append(make("h3", {}, "Answers"));
  const answers = make("dl", { class: "fields" });
  const refusals = make("dl", { class: "fields" });
  for (const [status, answer] of Object.entries(operation.responses)) {
    const [kind, said] = Object.entries(answer.content || {})[0] || ["", {}];
    const isProblem = kind.includes("problem");
    const part = said.schema && !isProblem ? said.schema : {};
    const type = part.$ref ? part : { type: isProblem ? " " : kind || "no body" };
    (isProblem ? refusals : answers).append(field(status, type, false, answer.description, 0));
  }
  holder.append(answers);
  if (refusals.children.length)
    holder.append(make("details", { class: "refusals" },
      make("summary", {}, "Refusals: ", [...refusals.querySelectorAll("dt code")].map((one) => one.textContent).join(", ")),
      make("p", { class: "note" }, "Problems of RFC 9457: code is for programs, detail says what to do, errors point at fields."),
      refusals));
  holder.append(make("h3", {}, "Try it"), sender(method, path, operation));
  return holder;
}

function show() {
  $("title").replaceChildren(api.info.title + " API ", make("small", {}, api.info.version));
  $("about").textContent = api.info.description;
  const main = $("operations");
  for (const tag of api.tags) {
    const section = make("section", { id: "tag-" + tag.name }, make("h2", {}, tag.name), make("p", {}, tag.description));
    $("contents").append(make("li", { class: "tag" }, make("a", { href: "#tag-" + tag.name }, tag.name)));
    for (const [path, operations] of Object.entries(api.paths))
      for (const [verb, operation] of Object.entries(operations)) {
        if (!(operation.tags || []).includes(tag.name)) continue;
        const method = verb.toUpperCase();
        const card = make("details", { class: "operation", id: operation.operationId },
          make("summary", {}, make("span", { class: "method " + method }, method), make("span", { class: "path" }, path), make("span", { class: "summary" }, operation.summary)));
        card.dataset.text = [method, path, operation.operationId, operation.summary, operation.description].join(" ").toLowerCase();
        card.addEventListener("toggle", () => card.children.length > 1 || card.append(inside(method, path, operation)));
        section.append(card);
        const entry = make("li", {}, make("a", { href: "#" + operation.operationId }, make("span", { class: method }, method), " " + path.replace("/v1", "")));
        entry.dataset.text = card.dataset.text;
        $("contents").append(entry);
      }
    main.append(section);
  }
  $("state").remove();
  unfold();
}

function unfold() {
  const card = document.getElementById(location.hash.slice(1));
  if (card && card.tagName === "DETAILS") { card.open = true; card.scrollIntoView(); }
}

$("who").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", () => {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const node of document.querySelectorAll("[data-text]"))
    node.hidden = !words.every((word) => node.dataset.text.includes(word));
  for (const section of document.querySelectorAll("section"))
    section.hidden = !section.querySelector("details.operation:not([hidden])");
});
addEventListener("hashchange", unfold);
addEventListener("keydown", (event) => {
  if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) {
    event.preventDefault();
    $("filter").focus();
  }
});
fetch("/openapi.json").then((answer) => answer.json()).then((found) => { api = found; show(); })
  .catch((error) => { $("state").textContent = "The description cannot be read: " + error.message; });
