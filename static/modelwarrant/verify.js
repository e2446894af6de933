// Checks the proof of one entry in the browser: leaf hash and inclusion path (RFC 6962, RFC 9162 section 2.1.3.2), the
// checkpoint's signature (c2sp.org/signed-note, Ed25519). Everything that is said to hold was computed here.
"use strict";

const DASH = "\u2014 ";
const text = new TextEncoder();

const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

function base64(encoded) {
  const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  if (btoa(String.fromCharCode(...bytes)) !== encoded) throw new Error("base64 that is not in its only form");
  return bytes;
}

async function verifier(line) {
  const parts = line.trim().split("+");
  const name = parts[0], id = parts[1], key = base64(parts.slice(2).join("+"));
  if (key.length !== 33 || key[0] !== 1) throw new Error(`${name}: not a log's Ed25519 key`);
  const wanted = hex((await sha256(concat(text.encode(`${name}\n`), key))).slice(0, 4));
  if (wanted !== id) throw new Error(`${name}: the key's id does not belong to it`);
  return { name, id, key: key.slice(1) };
}

function parse(proof) {
  const cut = proof.indexOf("\n\n");
  const lines = proof.slice(0, cut).split("\n");
  if (cut < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Error("not a tlog-proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift());
  if (!index) throw new Error("no index line");
  const note = proof.slice(cut + 2);
  const end = note.lastIndexOf("\n\n");
  const head = note.slice(0, end + 1), signatures = note.slice(end + 2).trimEnd().split("\n");
  const [origin, size, root] = head.split("\n");
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new Error("no size in the checkpoint");
  return { index: Number(index[1]), path: lines.map(base64), head, signatures, origin, size: Number(size), root: base64(root) };
}

async function rootOf(proof, leaf) {
  let place = proof.index, last = proof.size - 1, node = leaf;
  if (place > last) throw new Error("the entry's place is outside of the checkpoint's tree");
  for (const sibling of proof.path) {
    if (sibling.length !== 32 || last === 0) throw new Error("the path is too long");
    if (place % 2 === 1 || place === last) {
      node = await sha256(concat([1], sibling, node));
      while (place % 2 === 0 && place !== 0) { place = Math.floor(place / 2); last = Math.floor(last / 2); }
    } else {
      node = await sha256(concat([1], node, sibling));
    }
    place = Math.floor(place / 2); last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Error("the path is too short");
  return node;
}

async function signedBy(proof, keys) {
  const holds = [];
  for (const line of proof.signatures) {
    if (!line.startsWith(DASH)) throw new Error("a line that is no signature");
    const [name, encoded] = line.slice(DASH.length).split(" ");
    const bytes = base64(encoded), id = hex(bytes.slice(0, 4));
    const key = keys.find((one) => one.name === name && one.id === id);
    if (!key) continue;
    const imported = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
    const good = await crypto.subtle.verify({ name: "Ed25519" }, imported, bytes.slice(4), text.encode(proof.head));
    if (!good) throw new Error(`the signature by ${name} does not fit`);
    if (name === proof.origin) holds.push(`${name}+${id}`);
  }
  return holds;
}

async function check(form, say) {
  if (!window.crypto?.subtle) throw new Error("this browser computes hashes only on pages served by https or from this machine");
  const entry = form.entry.value.trim().toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(entry)) throw new Error("that is not an entry's id");
  const keys = await Promise.all(form.vkey.value.split("\n").filter((line) => line.trim()).map(verifier));
  const get = async (url) => {
    const answer = await fetch(url.replace("00000000-0000-0000-0000-000000000000", entry), { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.headers.get("Content-Type")?.startsWith("text/plain") ? await answer.text() : `there is no such entry (${answer.status})`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const stored = await get(form.dataset.entryUrl);
  const leaf = await sha256(concat([0], stored));
  say("ok", `The entry has ${stored.length} bytes and the leaf hash ${hex(leaf)}.`);
  const proof = parse(new TextDecoder("utf-8", { fatal: true }).decode(await get(form.dataset.proofUrl)));
  if (!same(await rootOf(proof, leaf), proof.root)) throw new Error("the path leads to another root: this entry is not in the log as it was signed");
  say("ok", `It is entry ${proof.index} of the ${proof.size} under the root ${hex(proof.root)}.`);
  let signers;
  try {
    signers = await signedBy(proof, keys);
  } catch (error) {
    if (error.name !== "NotSupportedError") throw error;
    say("warn", "Cannot be checked here: this browser knows no Ed25519. The command above does.");
    return;
  }
  if (signers.length === 0) {
    say("warn", `Cannot be checked: the checkpoint is not signed by a key above whose name is the log's, ${proof.origin}. That is not a yes.`);
    return;
  }
  say("ok", `The checkpoint of ${proof.origin} is signed by ${signers.join(", ")}.`);
  say("info", "Not shown by this: that the rest of the log is whole, and that others were shown the same log. Those need an export, a kept checkpoint, or a witness.");
}

for (const form of document.querySelectorAll("form.js-verify")) {
  const outcome = document.getElementById("outcome");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    outcome.replaceChildren();
    const say = (tone, words) => {
      const line = document.createElement("p");
      line.className = `notice notice--${tone}`;
      line.dataset.tone = tone;
      line.textContent = { ok: "\u2713 ", fail: "\u2715 ", warn: "? ", info: "" }[tone] + words;
      outcome.append(line);
    };
    try {
      await check(form, say);
    } catch (error) {
      say("fail", error.message);
    }
  });
  if (form.entry.value) form.requestSubmit();
}
