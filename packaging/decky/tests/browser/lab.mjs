// A page with the stubbed loader in headless Chromium, served on loopback; and states to feed it.

import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
export const plugin = path.resolve(here, "../..");
export const shots = path.join(here, "shots");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the server and the browser; `page()` gives a fresh page with the plugin loaded, not shown. */
export async function start() {
  const loader = await build({
    entryPoints: [path.join(here, "loader.tsx")],
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = {
    "/": ["text/html", await readFile(path.join(here, "page.html"))],
    "/loader.js": ["text/javascript", loader.outputFiles[0].contents],
    "/dist/index.js": ["text/javascript", await readFile(path.join(plugin, "dist/index.js"))],
  };
  const server = http.createServer((request, response) => {
    const [type, body] = files[request.url] ?? ["text/plain", ""];
    response.writeHead(files[request.url] ? 200 : 404, { "content-type": type });
    response.end(body);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
  });
  const address = `http://127.0.0.1:${server.address().port}/`;
  return {
    page: (options) => open(browser, address, options),
    stop: async () => {
      await browser.close();
      server.close();
    },
  };
}

async function open(browser, address, { state = STATE, language = "english", running = [] } = {}) {
  const context = await browser.newContext({ viewport: { width: 300, height: 720 }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.faults.push(message.text()));
  // Time stands still unless a test lets it run, so that a slow machine changes nothing.
  await page.clock.install({ time: 0 });
  await page.goto(address);
  await page.waitForFunction("window.lab");
  await page.clock.pauseAt(3_600_000);
  await page.evaluate(
    ({ state, language, running }) => {
      lab.steam.language = language;
      lab.router.RunningApps = running;
      lab.state = state;
      lab.answers.panel_open = () => lab.state;
      lab.answers.panel_closed = () => null;
      lab.answers.set_running_games = () => null;
      lab.answers.set_game_mode = (on) =>
        (lab.state = { ...lab.state, wanted: on, game_mode: on, hold: on ? "held" : "off" });
      lab.answers.set_ema = (ema) => (lab.state = { ...lab.state, ema });
    },
    { state, language, running },
  );
  page.loaded = await page.evaluate("lab.load()");
  // Timers stand still, but promises and React's own work (messages to itself) take turns of the page's
  // real loop: so many turns are more than any chain of them here needs.
  page.settle = () =>
    page.evaluate(async () => {
      for (let turn = 0; turn < 20; turn++) {
        await new Promise((done) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => done(port1.close());
          port2.postMessage(null);
        });
      }
    });
  page.pass = async (ms) => {
    await page.settle();
    await page.clock.runFor(ms);
    await page.settle();
  };
  page.show = async () => {
    await page.evaluate("lab.show()");
    await page.waitForSelector("[data-part], [role=switch]");
    // The language and the first state come in promises.
    await page.pass(20);
  };
  page.calls = (method) =>
    page.evaluate((method) => lab.calls.filter(([name]) => name === method).map(([, ...args]) => args), method);
  page.tell = (event, value) => page.evaluate(([event, value]) => lab.emit(event, value), [event, value]);
  page.text = () => page.evaluate("document.getElementById('root').innerText");
  page.part = (name) => page.locator(`[data-part="${name}"]`).first().innerText();
  return page;
}

const wifi = { ifindex: 3, name: "wlan0", kind: 2, state: 2, carrier: true, leader: true };
const phone = { ifindex: 5, name: "usb0", kind: 4, state: 2, carrier: true, leader: false };

/** Two uplinks, game mode off, everything there: as view.py describes it. */
export const STATE = {
  link: "up",
  game_mode: false,
  wanted: false,
  automatic: false,
  hold: "off",
  refusal: null,
  feed: null,
  ema: null,
  ema_in_force: 512,
  backend: 1,
  reason: 0,
  families: [
    { family: 4, in_force: false, reason: 0 },
    { family: 6, in_force: false, reason: 0 },
  ],
  uplinks: [wifi, phone],
  draining_seconds: 0,
  last_error: "",
  game: null,
  remedy: null,
  rules: null,
  memory_works: true,
};

export const ON = {
  ...STATE,
  game_mode: true,
  wanted: true,
  hold: "held",
  families: STATE.families.map((family) => ({ ...family, in_force: true })),
};

/** A minute with a spike, a loss and a gap, the same in every run. */
export function live() {
  const series = Array.from({ length: 120 }, (_, i) =>
    i < 8 ? null : Math.round(19_000 + 3500 * Math.sin(i / 3) + ((i * 7919) % 4000)),
  );
  series[70] = 78_000;
  series[71] = 46_000;
  series[90] = -1;
  series[91] = -1;
  return {
    ifindex: 3,
    series,
    uplinks: {
      3: { rtt_us: 21_400, jitter_us: 2310, state: 2 },
      5: { rtt_us: 48_900, jitter_us: 9100, state: 2 },
    },
  };
}

/** No helper to be reached. */
const AWAY = { ...STATE, uplinks: [], ema_in_force: null };
/** A helper that may not be asked. */
const CLOSED = { ...STATE, feed: { what: "feed", word: "NotAuthorized", sentence: "not allowed" } };
const RULES = "/opt/evenkeel/share/evenkeel/49-evenkeel-decky.rules";

/** Every state the panel can be in that looks different: name, state, whether figures come. */
export const SCENES = [
  ["off", STATE, true],
  ["on", { ...ON, ema: 640 }, true],
  ["game", { ...ON, automatic: true, game: { appid: "1145350", name: "Hades II", remembered: true } }, true],
  ["searching", { ...AWAY, link: "searching" }],
  ["absent", { ...AWAY, link: "absent", remedy: { lack: "bundle", command: "sudo ./install.sh" } }],
  [
    "absent-package",
    { ...AWAY, link: "absent", remedy: { lack: "package", command: "sudo pacman -U ./evenkeel-*.pkg.tar.zst" } },
  ],
  ["absent-source", { ...AWAY, link: "absent", remedy: { lack: "source", command: "make build && sudo make install" } }],
  [
    "torn",
    { ...AWAY, link: "absent", remedy: { lack: "torn", command: "sudo /opt/evenkeel/libexec/install.sh --mend" } },
  ],
  [
    "stopped",
    { ...AWAY, link: "absent", remedy: { lack: "stopped", command: "sudo systemctl enable --now evenkeeld" } },
  ],
  ["silent", { ...AWAY, link: "absent", remedy: { lack: "silent", command: "sudo systemctl restart evenkeeld" } }],
  ["restarting", { ...AWAY, link: "restarting", wanted: true, hold: "waiting" }],
  ["blocked", { ...AWAY, link: "blocked", remedy: { lack: "blocked", command: "evenkeel doctor" } }],
  ["no-bus", { ...AWAY, link: "no-bus" }],
  ["permission", { ...CLOSED, rules: { brought: RULES, in_force: null, member: true } }],
  ["permission-no-file", { ...CLOSED, rules: { brought: "", in_force: false, member: true } }],
  ["permission-no-member", { ...CLOSED, rules: { brought: RULES, in_force: false, member: false } }],
  ["permission-in-force", { ...CLOSED, rules: { brought: RULES, in_force: true, member: true } }],
  [
    "refused",
    {
      ...STATE,
      backend: 0,
      reason: 2,
      uplinks: [wifi],
      hold: "refused",
      refusal: {
        what: "enter",
        word: "NotSupported",
        sentence: "there is only one uplink, so there is no other to prefer; nothing was changed",
      },
    },
    true,
  ],
];
