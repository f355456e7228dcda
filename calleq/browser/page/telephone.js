// The telephone: which view is shown, and what its buttons do.

import { Signalling } from "/signalling.js";
import { Bell, VoicePath, clientProfile, microphoneProblem } from "/voice.js";
import { ENDINGS, REFUSALS, lengthWords, microphoneWords, numberWords } from "/words.js";

const ENDED_SHOWN_MS = 8000;
const KEYS = "123456789*0#";
const element = (id) => document.getElementById(id);

const bell = new Bell();
let signalling = null;
let voice = null;
let call = 0;
let caller = "";
let registered = false;
let talkingSince = 0;
let clockTimer = 0;
let endedTimer = 0;
let microphoneAfter = () => {};
let attempts = 0;

// Views.

const FOCUS = { ringing: "answer", talking: "mute", ended: "dismiss", microphone: "microphone-again" };

function show(view, announced = "") {
  document.body.dataset.view = view;
  document.title = view === "ringing" ? `☎ ${caller} calls` : "Telephone";
  element("announced").textContent = announced;
  const focused = FOCUS[view];
  if (focused) element(focused).focus({ preventScroll: true });
}

function showIdle() {
  clearTimeout(endedTimer);
  if (registered) {
    show("ready", "Ready");
  } else {
    element("connecting-what").textContent = "Waiting for the telephone network.";
    show("connecting", "Connecting");
  }
}

function showCaller(name, number) {
  caller = name || numberWords(number) || "Unknown caller";
  for (const place of document.querySelectorAll('[data-shows="caller"]')) place.textContent = caller;
  const below = name ? numberWords(number) : "";
  for (const place of document.querySelectorAll('[data-shows="number"]')) place.textContent = below;
}

function showSignIn(problem) {
  element("own-number").textContent = "";
  element("offline").hidden = true;
  element("refused").textContent = problem;
  element("refused").hidden = !problem;
  show("sign-in");
  element(problem || element("number").value ? "password" : "number").focus();
}

function showMicrophone(name, after) {
  const [why, help] = microphoneWords(name);
  element("microphone-why").textContent = why;
  element("microphone-help").textContent = help;
  microphoneAfter = after;
  show("microphone", why);
}

function showTimer() {
  const seconds = Math.floor((performance.now() - talkingSince) / 1000);
  element("timer").textContent = lengthWords(seconds);
}

// Switching on and off.

async function switchOn() {
  bell.allow();
  element("refused").hidden = true;
  element("connecting-what").textContent = "The page asks for the microphone.";
  show("connecting", "Connecting");
  const attempt = ++attempts;
  const problem = await microphoneProblem();
  if (attempt !== attempts) return; // given up meanwhile
  if (problem) {
    showMicrophone(problem, switchOn);
    return;
  }
  element("connecting-what").textContent = "The page signs in.";
  const hello = {
    number: element("number").value.replace(/[^\d+]/g, ""),
    password: element("password").value,
    profile: clientProfile(element("user").value.trim()),
  };
  signalling = new Signalling(hello, heard);
}

function switchOff(problem = "") {
  attempts += 1;
  signalling?.stop();
  signalling = null;
  registered = false;
  endVoice();
  showSignIn(problem);
}

// What the telephone network says.

function heard(message) {
  switch (message.type) {
    case "welcome":
      element("offline").hidden = true;
      element("own-number").textContent = numberWords(message.number);
      element("password").value = "";
      break;
    case "offline":
      lostConnection();
      break;
    case "line":
      registered = message.registered;
      if (call && call !== message.call) ended("lost"); // it ended while we were away
      if (!call && document.body.dataset.view !== "ended") showIdle();
      break;
    case "ringing":
      rings(message);
      break;
    case "voice":
      if (message.call === call) voice?.answer(message.sdp).catch(() => hangUp("voice"));
      break;
    case "talking":
      if (message.call === call) talks(message.for_ms);
      break;
    case "ended":
      if (message.call === call) ended(message.reason);
      break;
    case "refused":
      signalling = null;
      registered = false;
      endVoice();
      showSignIn(REFUSALS[message.reason] ?? message.reason);
      break;
  }
}

function lostConnection() {
  element("offline").hidden = false;
  registered = false;
  const { view } = document.body.dataset;
  if (view === "ready" || view === "connecting") showIdle();
}

function rings(message) {
  if (call === message.call && document.body.dataset.view === "ringing") return;
  endVoice(); // what was answered while the connection was away was not heard
  clearTimeout(endedTimer);
  call = message.call;
  showCaller(message.name, message.number);
  show("ringing", `${caller} calls`);
  bell.start();
}

function talks(forMs) {
  talkingSince = performance.now() - forMs;
  showTimer();
  clearInterval(clockTimer);
  clockTimer = setInterval(showTimer, 250);
  if (document.body.dataset.view !== "talking") show("talking", `Talking with ${caller}`);
}

function ended(reason) {
  const talked = document.body.dataset.view === "talking";
  const [what, why] = ENDINGS[reason] ?? ["Call ended", ""];
  element("ended-what").textContent = what;
  element("ended-why").textContent = talked ? `${why}\nYou talked for ${element("timer").textContent}.` : why;
  endVoice();
  show("ended", what);
  endedTimer = setTimeout(showIdle, ENDED_SHOWN_MS);
}

// What the person does with a call.

async function answer() {
  const answering = call;
  bell.stop();
  show("preparing", "Connecting your voice");
  voice = new VoicePath(element("ear"), () => hangUp("voice"));
  try {
    const sdp = await voice.offer();
    if (call === answering) signalling.say({ type: "answer", call, sdp });
  } catch (error) {
    if (call !== answering) return;
    signalling.say({ type: "hang_up", call, fault: "microphone" });
    endVoice();
    showMicrophone(error.name, async () => {
      const problem = await microphoneProblem();
      if (problem) showMicrophone(problem, microphoneAfter);
      else showIdle();
    });
  }
}

function hangUp(fault = "") {
  if (call) signalling?.say({ type: "hang_up", call, fault });
}

function endVoice() {
  bell.stop();
  clearInterval(clockTimer);
  voice?.close();
  voice = null;
  call = 0;
  element("ear").srcObject = null;
  setMuted(false);
  setKeypad(false);
  element("pressed").textContent = "";
}

function setMuted(muted) {
  voice?.mute(muted);
  element("mute").dataset.on = String(muted);
  element("muted").hidden = !muted;
  element("mute").textContent = muted ? "Unmute" : "Mute";
}

function setKeypad(open) {
  element("keypad").hidden = element("pressed").hidden = !open;
  element("keys").setAttribute("aria-expanded", String(open));
}

function press(key) {
  signalling?.say({ type: "key", call, key });
  element("pressed").textContent = (element("pressed").textContent + key).slice(-16);
}

// Wiring.

for (const key of KEYS) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = key;
  button.setAttribute("aria-label", { "*": "star", "#": "hash" }[key] ?? key);
  button.addEventListener("click", () => press(key));
  element("keypad").append(button);
}
element("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  switchOn();
});
const clicks = {
  "microphone-again": () => microphoneAfter(),
  "microphone-back": () => switchOff(),
  "give-up": () => switchOff(),
  "switch-off": () => switchOff(),
  answer,
  decline: () => hangUp(),
  "stop-preparing": () => hangUp(),
  mute: () => setMuted(element("mute").dataset.on !== "true"),
  keys: () => setKeypad(element("keypad").hidden),
  "hang-up": () => hangUp(),
  dismiss: showIdle,
};
for (const [id, done] of Object.entries(clicks)) element(id).addEventListener("click", () => done());
document.addEventListener("keydown", (event) => {
  if (document.body.dataset.view !== "talking" || event.ctrlKey || event.altKey || event.metaKey) return;
  if (KEYS.includes(event.key)) press(event.key);
  else if (event.key.toLowerCase() === "m") element("mute").click();
});
window.addEventListener("pagehide", () => switchOff());
element("number").value = decodeURIComponent(location.hash.slice(1));
showSignIn("");
