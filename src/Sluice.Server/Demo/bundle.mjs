// node bundle.mjs OUTDIR: the demo page as static files, with the licences of the packages that went into it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const outdir = process.argv[2];

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ['page/index.html', 'page/app.js', 'page/app.css'],
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  loader: { '.html': 'copy' },
  metafile: true,
  logLevel: 'warning',
});

const packages = new Set(Object.keys(metafile.inputs).flatMap(
  (path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []));
const notices = await Promise.all([...packages].sort().map(async (name) => {
  const root = join(here, 'node_modules', name);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${await readFile(join(root, 'LICENSE'), 'utf8')}`;
}));
await writeFile(join(outdir, 'app.licenses.txt'), notices.join('\n\n'));
