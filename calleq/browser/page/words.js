// What the page says: one place for all texts that depend on what happened.

export const REFUSALS = {
  credentials: "Number and password do not belong together.",
  too_many_attempts: "Too many attempts. Wait a minute, then try again.",
  too_many_messages: "This page said too much at once. Load it again.",
  version: "This page is out of date. Load it again.",
  in_use: "This line is in a call in another window.",
  moved: "The telephone was switched on in another window.",
  full: "The telephone network is busy. Try again in a minute.",
  stopping: "The telephone network is being restarted. Try again in a minute.",
  malformed: "Page and telephone network did not understand each other. Load the page again.",
};

export const ENDINGS = {
  hung_up: ["Call ended", "You hung up."],
  declined: ["Declined", "You did not take the call."],
  caller_ended: ["Call ended", "The other side hung up."],
  missed: ["Missed call", "It stopped ringing before you answered."],
  microphone: ["No microphone", "The call could not be taken without a microphone."],
  no_voice: ["No voice connection", "Your voice could not be connected, so the call was not taken."],
  lost: ["Connection lost", "The voice connection broke."],
};

const MICROPHONE = {
  NotAllowedError: [
    "This page is not allowed to use the microphone.",
    "Choose the microphone or lock symbol beside the address of the page, allow the microphone, and try again.",
  ],
  NotFoundError: ["No microphone was found.", "Connect one, or a headset, and try again."],
  NotReadableError: [
    "Another program is using the microphone.",
    "Close what uses it, and try again.",
  ],
  insecure: [
    "Browsers give the microphone to secure pages only.",
    "Open this page by its address that begins with https.",
  ],
};

export function microphoneWords(name) {
  return MICROPHONE[name] ?? ["The microphone cannot be used.", `The browser says: ${name}.`];
}

/** 75 -> "1:15", 3675 -> "1:01:15". */
export function lengthWords(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** E.164 of North America in groups; others as they are. */
export function numberWords(number) {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  return parts ? `+1 ${parts[1]} ${parts[2]} ${parts[3]}` : number;
}
