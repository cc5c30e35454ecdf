// The built dist/index.js in a browser, with the loader stubbed: what the panel shows and sends.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { ON, SCENES, STATE, live, plugin, shots, start } from "./lab.mjs";

let lab;
before(async () => {
  lab = await start();
  await mkdir(shots, { recursive: true });
});
after(() => lab.stop());

/** A test with a page of its own; whatever the page complains of fails it. */
const on = (name, options, run) =>
  test(name, async () => {
    const page = await lab.page(options);
    try {
      await run(page);
      assert.deepEqual(page.faults, [], "the page reported errors");
    } finally {
      await page.context().close();
    }
  });

const HANGUL = /[가-힣]/;

on("the built file is what the loader expects of a plugin", {}, async (page) => {
  assert.equal(page.loaded.name, "Evenkeel");
  assert.deepEqual(page.loaded.keys, ["content", "icon", "name", "onDismount", "titleView"]);
});

on("nothing but running games is said before the panel is seen", {}, async (page) => {
  await page.pass(30_000);
  const calls = await page.evaluate("lab.calls.map(([name]) => name)");
  assert.deepEqual([...new Set(calls)], ["set_running_games"]);
  assert.equal(await page.evaluate("lab.listening('live')"), 0);
});

on("the panel says that it is open, again and again, until it is hidden", {}, async (page) => {
  await page.show();
  assert.equal((await page.calls("panel_open")).length, 1);
  await page.pass(15_100);
  assert.equal((await page.calls("panel_open")).length, 4);
  await page.evaluate("lab.see(false)");
  await page.pass(20_000);
  assert.equal((await page.calls("panel_open")).length, 4, "hidden, it says nothing");
  assert.equal((await page.calls("panel_closed")).length, 1);
  assert.equal(await page.evaluate("lab.listening('live') + lab.listening('state')"), 0);
  await page.evaluate("lab.see(true)");
  await page.pass(20);
  assert.equal((await page.calls("panel_open")).length, 5);
  await page.evaluate("lab.hide()");
  await page.pass(20);
  assert.equal((await page.calls("panel_closed")).length, 2);
});

on("the switch asks the backend and shows what came of it", {}, async (page) => {
  await page.show();
  const toggle = page.getByTestId("switch");
  assert.equal(await toggle.getAttribute("aria-checked"), "false");
  await toggle.click();
  await page.waitForSelector('[data-testid=switch][aria-checked="true"]');
  assert.deepEqual(await page.calls("set_game_mode"), [[true]]);
  await toggle.press("Enter");
  await page.waitForSelector('[data-testid=switch][aria-checked="false"]');
  assert.deepEqual(await page.calls("set_game_mode"), [[true], [false]]);
});

on("a refused switch goes back and says why", {}, async (page) => {
  await page.show();
  await page.evaluate((refused) => {
    lab.answers.set_game_mode = () => refused;
  }, SCENES.find(([name]) => name === "refused")[1]);
  await page.getByTestId("switch").click();
  await page.waitForSelector("[data-part=refused]");
  assert.equal(await page.getByTestId("switch").getAttribute("aria-checked"), "false");
  const said = await page.part("refused");
  assert.match(said, /Game mode was refused/);
  assert.match(said, /Nothing was changed/);
  assert.match(said, /only one uplink/, "the helper's own sentence");
});

const TROUBLE = "the routes were changed by somebody else and are left alone";
on("what goes wrong in the helper by itself is said while game mode is on", { state: { ...ON, last_error: TROUBLE } }, async (page) => {
  await page.show();
  assert.match(await page.part("refused"), /reports a problem[\s\S]*left alone/);
  await page.tell("state", { ...STATE, last_error: TROUBLE });
  await page.waitForFunction("!document.querySelector('[data-part=refused]')");
});

on("of a slider's many steps only the last is sent, once it rests", { state: ON }, async (page) => {
  await page.show();
  const slider = page.getByTestId("slider");
  await slider.focus();
  for (let i = 0; i < 8; i++) {
    await slider.press("ArrowRight");
    await page.pass(100);
  }
  assert.equal(await slider.getAttribute("aria-valuenow"), "768", "it follows the thumb at once");
  assert.deepEqual(await page.calls("set_ema"), []);
  await page.pass(300);
  assert.deepEqual(await page.calls("set_ema"), [[768]]);
  await page.pass(5000);
  assert.deepEqual(await page.calls("set_ema"), [[768]]);
  assert.equal(await slider.getAttribute("aria-valuenow"), "768");
});

on("a value that had not come to rest is sent when the panel closes", { state: ON }, async (page) => {
  await page.show();
  await page.getByTestId("slider").press("ArrowLeft");
  await page.evaluate("lab.hide()");
  await page.pass(20);
  assert.deepEqual(await page.calls("set_ema"), [[480]]);
});

on("the slider stays within its range", { state: { ...ON, ema: 1024 } }, async (page) => {
  await page.show();
  await page.getByTestId("slider").press("ArrowRight");
  await page.pass(400);
  assert.deepEqual(await page.calls("set_ema"), [[1024]]);
});

on("figures and the last minute are drawn as they come", { state: ON }, async (page) => {
  await page.show();
  await page.tell("live", live());
  await page.waitForSelector("polyline");
  const card = await page.part("uplink");
  assert.match(card, /Wi-Fi wlan0/);
  assert.match(card, /steadiest/);
  assert.match(card, /21\s*ms/);
  assert.match(card, /2\.3\s*ms/);
  assert.match(await page.part("other-uplink"), /Tethering usb0\s*49 ms/);
  const drawn = await page.evaluate(() => ({
    points: [...document.querySelectorAll("polyline")].map((line) => line.getAttribute("points").split(" ").length),
    lost: document.querySelectorAll("svg rect").length,
  }));
  // Eight half seconds without a value, 82 answers, two lost, 28 answers; a line ends on its point twice.
  assert.deepEqual(drawn, { points: [83, 29], lost: 2 });
  assert.match(card, /lost/);
  const later = live();
  later.series = later.series.map((us) => (us === null ? null : 9000));
  later.uplinks[3].rtt_us = 9040;
  await page.tell("live", later);
  await page.waitForFunction("document.querySelectorAll('svg rect').length === 0");
  assert.match(await page.part("uplink"), /9\.0\s*ms/);
});

on("an uplink that does not answer says so instead of old figures", { state: ON }, async (page) => {
  await page.show();
  const dead = live();
  dead.uplinks[3].state = 3;
  await page.tell("live", dead);
  await page.waitForFunction("document.querySelector('[data-part=uplink]').innerText.includes('no answer')");
  assert.doesNotMatch(await page.part("uplink"), /21\s*ms/);
});

on("figures vanish with the helper", { state: ON }, async (page) => {
  await page.show();
  await page.tell("live", live());
  await page.waitForSelector("polyline");
  await page.tell("state", SCENES.find(([name]) => name === "restarting")[1]);
  await page.waitForSelector("[data-part=missing]");
  assert.equal(await page.locator("[data-part=uplink]").count(), 0);
  assert.equal(await page.getByTestId("switch").getAttribute("aria-checked"), "true", "still wanted");
  assert.match(await page.part("missing"), /comes back by itself/);
  await page.tell("state", ON);
  await page.waitForSelector("[data-part=uplink]");
  assert.equal(await page.locator("polyline").count(), 0, "no minute of before");
});

const IN_FORCE = [
  ["off", STATE, /off\. Nothing is changed/],
  ["steered", ON, /IPv4 and IPv6 connections go to Wi-Fi wlan0/],
  ["one family", { ...ON, families: [ON.families[0], { family: 6, in_force: false, reason: 11 }] }, /IPv4 connections/],
  ["the kernel's", { ...ON, backend: 2, families: [], ema_in_force: 700 }, /kernel chooses .* 700/],
  ["nothing to steer", { ...ON, families: [{ family: 4, in_force: false, reason: 17 }] }, /taken back/],
  ["others hold it", { ...ON, wanted: false, hold: "off" }, /Another program keeps/],
  ["draining", { ...STATE, draining_seconds: 95 }, /2 min at most/],
  ["watching only", { ...STATE, backend: 0, reason: 11 }, /Watching only.*VPN/],
  ["a reason of a newer helper", { ...STATE, backend: 0, reason: 99 }, /newer than this plugin/],
];
for (const [name, state, words] of IN_FORCE) {
  on(`what is in force is said in one line: ${name}`, { state }, async (page) => {
    await page.show();
    assert.match(await page.part("in-force"), words);
  });
}

const MISSING = {
  absent: ["sudo ./install.sh", 1],
  "absent-package": ["sudo pacman -U ./evenkeel-*.pkg.tar.zst", 1],
  "absent-source": ["make build && sudo make install", 1],
  torn: ["sudo /opt/evenkeel/libexec/install.sh --mend", 1],
  stopped: ["sudo systemctl enable --now evenkeeld", 1],
  silent: ["sudo systemctl restart evenkeeld", 1],
  blocked: ["evenkeel doctor", 1],
  "no-bus": [null, 0],
  restarting: [null, 0],
  searching: [null, 0],
  permission: ["sudo install -m 644 /opt/evenkeel/share/evenkeel/49-evenkeel-decky.rules /etc/polkit-1/rules.d/", 0],
  "permission-no-file": [null, 1],
  "permission-no-member": [null, 1],
  "permission-in-force": ["evenkeel doctor", 0],
};
for (const [name, [command, buttons]] of Object.entries(MISSING)) {
  const [, state] = SCENES.find(([scene]) => scene === name);
  on(`what is missing is said, with what mends it: ${name}`, { state }, async (page) => {
    await page.show();
    assert.ok((await page.part("missing")).length > 10);
    assert.deepEqual(await page.locator("code").allInnerTexts(), command ? [command] : []);
    assert.equal(await page.getByTestId("button").count(), buttons);
    assert.doesNotMatch(await page.text(), /Waiting for the first answer/, "nothing is measured");
    const movable = name.startsWith("permission") || name === "restarting";
    assert.equal(await page.getByTestId("switch").getAttribute("aria-disabled"), String(!movable));
  });
}

on("the button leaves the menu for the install page", { state: SCENES.find(([name]) => name === "absent")[1] }, async (page) => {
  await page.show();
  await page.getByTestId("button").press("Enter");
  const visited = await page.evaluate("lab.visited");
  assert.equal(visited[0], "closed");
  assert.match(visited[1], /^https:\/\/github\.com\/evenkeel\//);
});

on("a backend that does not answer is said, and the panel recovers", {}, async (page) => {
  await page.evaluate(() => {
    lab.answers.panel_open = () => Promise.reject(new Error("no plugin"));
  });
  await page.show();
  await page.waitForFunction("document.body.innerText.includes('backend does not answer')");
  await page.evaluate(() => {
    lab.answers.panel_open = () => lab.state;
  });
  await page.pass(5100);
  await page.waitForSelector("[role=switch]");
});

on("running games are told at their start and end, once a minute, and not after unloading", {}, async (page) => {
  await page.pass(5000);
  assert.deepEqual(await page.calls("set_running_games"), [[[]]]);
  await page.evaluate(() => {
    lab.router.RunningApps = [{ appid: 1145350, display_name: "Hades II" }];
    lab.lifetime(1145350, true);
  });
  await page.pass(5000);
  const game = { appid: "1145350", name: "Hades II" };
  assert.deepEqual(await page.calls("set_running_games"), [[[]], [[game]]]);
  await page.pass(60_000);
  assert.equal((await page.calls("set_running_games")).length, 3, "once a minute");
  // Steam still lists a game for a moment after its end.
  await page.evaluate("lab.lifetime(1145350, false)");
  await page.pass(100);
  assert.deepEqual((await page.calls("set_running_games")).at(-1), [[]]);
  await page.evaluate("lab.router.RunningApps = []");
  await page.pass(5000);
  assert.deepEqual((await page.calls("set_running_games")).at(-1), [[]]);
  const count = (await page.calls("set_running_games")).length;
  await page.evaluate("lab.unload()");
  await page.pass(120_000);
  assert.equal((await page.calls("set_running_games")).length, count);
  assert.equal(await page.evaluate("lab.lifetimes.size"), 0);
});

on(
  "a game that already runs when the plugin starts is told",
  { running: [{ appid: "3000000000", display_name: "A shortcut" }] },
  async (page) => {
    await page.pass(100);
    assert.deepEqual(await page.calls("set_running_games"), [[[{ appid: "3000000000", name: "A shortcut" }]]]);
  },
);

const GAME = { appid: "1", name: "Hades II", remembered: false };
const MEMORY = [
  [null, false, /steadiest link/],
  [GAME, false, /Will be remembered for Hades II/],
  [{ ...GAME, remembered: true }, false, /on when Hades II starts, off when it ends/],
  [{ ...GAME, remembered: true }, true, /because Hades II is running/],
];
for (const [game, automatic, words] of MEMORY) {
  on(`the switch says what it remembers: ${words.source}`, { state: { ...ON, game, automatic } }, async (page) => {
    await page.show();
    assert.match(await page.getByTestId("switch").innerText(), words);
  });
}

for (const language of ["english", "koreana"]) {
  for (const [name, state, measured] of SCENES) {
    on(`${name} fits the menu, can be read and reached with a pad (${language})`, { state, language }, async (page) => {
      await page.show();
      if (measured) {
        await page.tell("live", live());
        await page.waitForSelector("polyline");
      }
      const korean = language === "koreana";
      assert.equal(HANGUL.test(await page.text()), korean, "Steam's language");
      await look(page);
      await reach(page);
      await page.evaluate("document.activeElement?.blur()");
      const height = await page.evaluate("document.body.offsetHeight");
      await page.setViewportSize({ width: 300, height });
      await page.screenshot({ path: path.join(shots, `${name}-${korean ? "ko" : "en"}.png`) });
    });
  }
}

/** Nothing is wider than the menu, nothing is smaller than can be read, targets are big. */
async function look(page) {
  const found = await page.evaluate(() => {
    const shown = [...document.querySelectorAll("#root *")];
    const text = shown.filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
    return {
      wide: shown.filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline").map((node) => node.outerHTML.slice(0, 120)),
      out: shown.filter((node) => node.getBoundingClientRect().right > 300.5).map((node) => node.outerHTML.slice(0, 120)),
      tiny: text.filter((node) => parseFloat(getComputedStyle(node).fontSize) < 11).map((node) => node.innerText),
      low: [...document.querySelectorAll("[data-pad]")].filter((node) => node.offsetHeight < 36).map((node) => node.innerText),
    };
  });
  assert.deepEqual(found, { wide: [], out: [], tiny: [], low: [] });
}

/** Up and down alone visit everything that is shown, and nothing else takes the focus. */
async function reach(page) {
  const all = await page.evaluate(`document.querySelectorAll('[data-pad][tabindex="0"]').length`);
  await page.evaluate(`document.querySelector('[data-pad][tabindex="0"]').focus()`);
  const visited = new Set();
  for (let i = 0; i < all; i++) {
    visited.add(await page.evaluate("[...document.querySelectorAll('[data-pad]')].indexOf(document.activeElement)"));
    await page.keyboard.press("ArrowDown");
  }
  assert.equal(visited.size, all);
  const foreign = await page.evaluate(
    `document.querySelectorAll('#root :is(button, a, input, select, [tabindex]:not([data-pad]))').length`,
  );
  assert.equal(foreign, 0, "only Steam's own parts can be reached with the pad");
  const unreachable = await page.evaluate(
    `[...document.querySelectorAll('[data-part]')].filter((part) => !part.closest('[data-pad]')).length`,
  );
  assert.equal(unreachable, 0, "every part can be scrolled to");
}

test("every reason of the contract has words in both languages", async () => {
  const xml = await readFile(path.join(plugin, "../../dbus/io.github.evenkeel.Helper1.xml"), "utf8");
  const listed = /Why: (0 ready[\s\S]*?)\.\s*-->/.exec(xml)[1];
  const numbers = [...listed.matchAll(/(?:^|[,\s])(\d+) [a-z]/g)].map((match) => Number(match[1]));
  const last = Math.max(...numbers.filter((n) => n < 100));
  assert.ok(last >= 17, `the reasons were found: ${numbers}`);
  const { build } = await import("esbuild");
  const out = await build({ entryPoints: [path.join(plugin, "src/words.ts")], bundle: true, write: false, format: "esm" });
  const { WORDS } = await import(`data:text/javascript;base64,${Buffer.from(out.outputFiles[0].contents).toString("base64")}`);
  for (const language of ["en", "ko"]) assert.equal(WORDS[language].reasons.length, last + 1, language);
  const english = JSON.stringify(WORDS.en.reasons);
  assert.equal(new Set(WORDS.en.reasons).size, last + 1);
  assert.doesNotMatch(english, HANGUL);
});
