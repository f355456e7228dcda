// Microphone, ear and the WebRTC path between them and the telephone network.

const GATHER_LIMIT_MS = 2000;
const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Ask for the microphone and let it go again. Resolves to "" or to the name of what is wrong. */
export async function microphoneProblem() {
  if (!navigator.mediaDevices?.getUserMedia) return "insecure";
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
    stream.getTracks().forEach((track) => track.stop());
    return "";
  } catch (error) {
    return error.name;
  }
}

/** One call's voice. */
export class VoicePath {
  #connection = new RTCPeerConnection({ iceServers: [] });
  #microphone = null;

  /** `ear` is the audio element that plays the far end; `broken` is called if the path breaks. */
  constructor(ear, broken) {
    this.#connection.ontrack = ({ streams, track }) => {
      ear.srcObject = streams[0] ?? new MediaStream([track]);
      ear.play().catch(() => {});
    };
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === "failed") broken();
    };
  }

  /** Our offer, with all its addresses. Rejects where there is no microphone. */
  async offer() {
    this.#microphone = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
    const [track] = this.#microphone.getAudioTracks();
    const transceiver = this.#connection.addTransceiver(track, {
      direction: "sendrecv",
      streams: [this.#microphone],
    });
    const { codecs } = RTCRtpReceiver.getCapabilities("audio");
    transceiver.setCodecPreferences?.(codecs.filter((codec) => codec.mimeType === "audio/PCMU"));
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    await this.#gathered();
    return this.#connection.localDescription.sdp;
  }

  async answer(sdp) {
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
  }

  mute(muted) {
    this.#microphone?.getAudioTracks().forEach((track) => (track.enabled = !muted));
  }

  close() {
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#connection.close();
  }

  #gathered() {
    const connection = this.#connection;
    if (connection.iceGatheringState === "complete") return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_LIMIT_MS);
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState !== "complete") return;
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** The bell: the North American ringing cadence, quietly; where the browser lets it sound. */
export class Bell {
  #context = null;
  #stop = null;

  /** To be called from a click, else browsers keep it silent. */
  allow() {
    this.#context ??= new AudioContext();
    this.#context.resume().catch(() => {});
  }

  start() {
    if (!this.#context || this.#stop) return;
    const gain = new GainNode(this.#context, { gain: 0 });
    gain.connect(this.#context.destination);
    const tones = [440, 480].map((frequency) => {
      const tone = new OscillatorNode(this.#context, { frequency });
      tone.connect(gain);
      tone.start();
      return tone;
    });
    const ring = () => {
      const now = this.#context.currentTime;
      gain.gain.setTargetAtTime(0.12, now, 0.02);
      gain.gain.setTargetAtTime(0, now + 1.6, 0.03);
      navigator.vibrate?.([600, 200, 600]);
    };
    ring();
    const timer = setInterval(ring, 3600);
    this.#stop = () => {
      clearInterval(timer);
      tones.forEach((tone) => tone.stop());
      gain.disconnect();
      navigator.vibrate?.(0);
    };
  }

  stop() {
    this.#stop?.();
    this.#stop = null;
  }
}

/** What the page tells of itself. */
export function clientProfile(user) {
  const agent = navigator.userAgent;
  const brands = (navigator.userAgentData?.brands ?? []).filter(
    ({ brand }) => !/not.?a.?brand/i.test(brand),
  );
  const { brand, version } = brands.find(({ brand }) => brand !== "Chromium") ?? brands[0] ?? {};
  const told = /(Firefox|Edg|OPR|Chrome|Version)\/([\d.]+)/.exec(agent);
  const names = { Version: "Safari", Edg: "Edge", OPR: "Opera" };
  const platforms = [
    [/Android [\d.]+/, (found) => found[0]],
    [/iPhone OS ([\d_]+)/, (found) => `iOS ${found[1].replaceAll("_", ".")}`],
    [/Windows NT/, () => "Windows"],
    [/Mac OS X/, () => "macOS"],
    [/CrOS/, () => "ChromeOS"],
    [/Linux/, () => "Linux"],
  ];
  const platform = platforms.find(([pattern]) => pattern.test(agent));
  return {
    browser: brand ? `${brand} ${version}` : told ? `${names[told[1]] ?? told[1]} ${told[2]}` : agent,
    operating_system:
      navigator.userAgentData?.platform || (platform ? platform[1](platform[0].exec(agent)) : ""),
    voip_routine: "WebRTC, G.711 PCMU",
    user,
    language: navigator.language,
  };
}
