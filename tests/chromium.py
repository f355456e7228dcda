"""Chromium, headless, with a microphone that hears a tone of ours."""

import contextlib
import os
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

RATE_HZ = 48_000
LIMIT_MS = 10_000
BURST_S = 0.25


def write_tone(path: Path, hertz: float, seconds: float = 4.0) -> None:
    """Bursts of a tone: what sounds for ever is noise, and browsers take it away."""
    at = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
    sounding = (at // BURST_S) % 2 == 0
    samples = 9_000 * np.sin(2 * np.pi * hertz * at) * sounding
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())


@contextlib.asynccontextmanager
async def chromium(microphone: Path) -> AsyncIterator[Browser]:
    """The browser; pages get its microphone where their context has the permission."""
    arguments = [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
        "--allow-loopback-in-peer-connection",
        "--autoplay-policy=no-user-gesture-required",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(context: BrowserContext, address: str, problems: list[str]) -> Page:
    """A page at that address; what goes wrong in it is added to `problems`."""
    page = await context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda said: problems.append(said.text) if said.type == "error" else None,
    )
    await page.goto(address)
    return page


async def switch_on(page: Page, password: str) -> None:
    """Sign in with the keyboard alone."""
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


async def shows(page: Page, view: str) -> None:
    """Wait until the page shows that view."""
    await page.wait_for_selector(f"body[data-view={view}]")


async def hard_to_read(page: Page) -> list[list[object]]:
    """Texts that stand out from what is behind them by less than 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    found: list[list[object]] = await page.evaluate(
        """() => {
          const parts = (color) => color.match(/[\\d.]+/g).map(Number);
          const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
          const light = ([r, g, b]) =>
            0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
          const behind = (at) => {
            for (; at; at = at.parentElement) {
              const color = parts(getComputedStyle(at).backgroundColor);
              if (color.length < 4 || color[3] > 0) return color;
            }
            return [255, 255, 255];
          };
          const saying = [...document.querySelectorAll("main *")].filter((at) =>
            at.checkVisibility() && !at.classList.contains("out-of-sight") &&
            [...at.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim()));
          return saying.map((at) => {
            const pair = [light(parts(getComputedStyle(at).color)), light(behind(at))];
            const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
            return [at.textContent.trim(), ratio];
          }).filter(([, ratio]) => ratio < 4.5);
        }"""
    )
    return found


async def loudest_hertz(page: Page) -> float:
    """Of what the person at the page hears, over half a second."""
    found: float = await page.evaluate(
        """async () => {
          const context = new AudioContext();
          await context.resume();
          const source = context.createMediaStreamSource(document.getElementById("ear").srcObject);
          const analyser = new AnalyserNode(context, { fftSize: 16384 });
          source.connect(analyser);
          await new Promise((resolve) => setTimeout(resolve, 700));
          const levels = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(levels);
          let loudest = 1;
          levels.forEach((level, bin) => { if (bin && level > levels[loudest]) loudest = bin; });
          const hertz = (loudest * context.sampleRate) / analyser.fftSize;
          await context.close();
          return levels[loudest] > -70 ? hertz : 0;
        }"""
    )
    return found
