// Whether a message is ours: its signature is by your secret, and it is of now. Deduplicate by id afterwards.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

export function verify(secret: string, id: string, timestamp: string, signatures: string, body: Uint8Array): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const due = Buffer.from("v1," + createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64"));
  const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300;
  const same = (given: Buffer) => given.length === due.length && timingSafeEqual(given, due);
  return fresh && signatures.split(" ").some((given) => same(Buffer.from(given)));
}

if (process.argv.length > 5) {
  const [secret, id, timestamp, signatures] = process.argv.slice(2);
  console.log(verify(secret, id, timestamp, signatures, readFileSync(0)));
}
