// Says how large the built page is for the network, and fails beyond what it may be.
import { readdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const MOST_BYTES = 200_000;
const folder = new URL("../../src/wheeltapper/server/static/assets/", import.meta.url);
let bytes = 0;
for (const name of await readdir(folder))
  bytes += gzipSync(await readFile(new URL(name, folder))).length;
console.log(`${bytes} bytes gzipped of ${MOST_BYTES}`);
if (bytes > MOST_BYTES) process.exit(1);
