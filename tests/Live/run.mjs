// Runs every live test against the built server: node run.mjs [FILE...]. Exits non-zero if one failed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const all = ['Browser', 'Clients', 'Sdk'].flatMap((folder) =>
  readdirSync(`${here}${folder}`).filter((file) => file.endsWith('.test.mjs')).map((file) => `${folder}/${file}`));
const files = process.argv.length > 2 ? process.argv.slice(2) : all;

// One file at a time: each starts servers of its own, and two cores are soon full.
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files],
  { cwd: here, stdio: 'inherit' });
process.exit(status ?? 1);
