// The WebSocket to the telephone network: says hello, comes back when it breaks, and goes on.

const VERSION = 1;
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 8000;

export class Signalling {
  #hello;
  #heard;
  #socket = null;
  #resume = "";
  #waitMs = FIRST_WAIT_MS;
  #timer = 0;
  #stopped = false;

  /** `hello` is {number, password, profile}; `heard(message)` is given what comes, and
   *  {type: "offline"} when the connection broke and is being tried again. */
  constructor(hello, heard) {
    this.#hello = hello;
    this.#heard = heard;
    this.#connect();
  }

  say(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Leave for good. */
  stop() {
    this.say({ type: "leave" });
    this.#end();
  }

  #end() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/signalling`);
    this.#socket = socket;
    socket.onopen = () =>
      this.say({ type: "hello", version: VERSION, resume: this.#resume, ...this.#hello });
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#take(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#again();
    };
  }

  #take(message) {
    if (message.type === "welcome") {
      this.#resume = message.resume;
      this.#waitMs = FIRST_WAIT_MS;
    }
    if (message.type === "refused") this.#end();
    this.#heard(message);
  }

  #again() {
    if (this.#stopped) return;
    this.#heard({ type: "offline" });
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }
}
