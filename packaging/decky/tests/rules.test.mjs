// The optional polkit rule as polkit since 124 runs it: with the service of the caller. The polkit of
// the lab is older; there the rule runs for real (tests/tests/decky.rs).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";

const text = await readFile(new URL("../polkit/49-evenkeel-decky.rules", import.meta.url), "utf8");

function decide(id, subject) {
  const rules = [];
  const Result = { YES: "yes", NOT_HANDLED: null };
  vm.runInNewContext(text, { polkit: { Result, addRule: (rule) => rules.push(rule) } });
  assert.equal(rules.length, 1);
  const groups = subject.groups ?? ["deck", "wheel"];
  return rules[0]({ id }, { ...subject, isInGroup: (group) => groups.includes(group) });
}

const OURS = ["observe", "game-mode", "tune"].map((name) => `io.github.evenkeel.helper1.${name}`);
const loader = { system_unit: "plugin_loader.service" };

test("the loader's service may do our three actions", () => {
  for (const id of OURS) assert.equal(decide(id, loader), "yes", id);
});

test("another service, a session or another group gets nothing from the rule", () => {
  for (const id of OURS) {
    for (const system_unit of ["user@1000.service", "sshd.service", "plugin_loader.service.evil.service", "session-2.scope"]) {
      assert.equal(decide(id, { system_unit }), null, system_unit);
    }
    assert.equal(decide(id, { ...loader, groups: ["deck"] }), null);
  }
});

test("where polkit does not know the service the group decides", () => {
  for (const unknown of [{}, { system_unit: null }, { system_unit: "" }]) {
    assert.equal(decide(OURS[0], unknown), "yes");
    assert.equal(decide(OURS[0], { ...unknown, groups: [] }), null);
  }
});

test("no other action is opened", () => {
  for (const id of ["org.freedesktop.policykit.exec", `${OURS[0]}.more`, "io.github.evenkeel.helper1", ""]) {
    assert.equal(decide(id, loader), null, id);
  }
});
