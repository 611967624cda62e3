import assert from "node:assert/strict";
import { test } from "node:test";
import { editDistance, nearName } from "./near-names.ts";

const distances: readonly [string, string, number][] = [
  ["", "", 0],
  ["", "abc", 3],
  ["abc", "", 3],
  ["profile", "profile", 0],
  ["profil", "profile", 1],
  ["porfile", "profile", 1],
  ["doctor", "dokter", 2],
  ["kitten", "sitting", 3],
];

for (const [from, to, distance] of distances) {
  test(`"${from}" is ${distance} from "${to}"`, () => assert.equal(editDistance(from, to), distance));
}

const commands = ["profile", "doctor", "help"];
const guesses: readonly [string, string | undefined][] = [
  ["porfile", "profile"],
  ["prof", "profile"],
  ["docter", "doctor"],
  ["p", undefined],
  ["network", undefined],
  ["", undefined],
];

for (const [name, expected] of guesses) {
  test(`by "${name}" was meant ${expected ?? "nothing that there is"}`, () => {
    assert.equal(nearName(name, commands), expected);
  });
}
