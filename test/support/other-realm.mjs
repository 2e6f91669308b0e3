// Runs the package in a realm of its own, as Jest does: its Float64Array, ArrayBuffer and Error are not those of Node's modules.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const outer = createRequire(import.meta.url);
const { AbortController, AbortSignal, Buffer, console, performance, process, setImmediate, setTimeout, TextDecoder } =
  globalThis;
const realm = vm.createContext({ AbortController, AbortSignal, Buffer, console, performance, process, setImmediate, setTimeout, TextDecoder }); // prettier-ignore
const modules = new Map();

function load(path) {
  const known = modules.get(path);
  if (known) return known.exports;
  const module = { exports: {} };
  modules.set(path, module);
  const wrapper = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`;
  const { resolve } = createRequire(path);
  const isOwn = (name) => name.startsWith('.') && !name.endsWith('.node');
  const require = Object.assign((name) => (isOwn(name) ? load(resolve(name)) : outer(resolve(name))), { resolve });
  vm.runInContext(wrapper, realm, { filename: path })(module.exports, require, module, path, dirname(path));
  return module.exports;
}

const folder = mkdtempSync(join(tmpdir(), 'bpls-realm-'));
try {
  const bpls = load(fileURLToPath(new URL('../../dist/lib/index.js', import.meta.url)));
  const run = vm.runInContext(
    `(async ({ matrix, trainClassifier, loadClassifier, lstsq, NormalEquations, BplsError }, file, checkpoint) => {
       const text = [];
       for (const Type of [Float64Array, Float32Array]) {
         const X = matrix(Type.from({ length: 80 }, (_, i) => Math.sin(i * i)), 40, 2);
         const labels = Array.from({ length: 40 }, (_, i) => (X.data[2 * i] > X.data[2 * i + 1] ? 'more' : 'less'));
         const options = { hidden: [10], checkpoint, classWeights: new Map([['more', 2]]), onIteration: async () => undefined };
         const model = await trainClassifier(X, labels, options);
         await model.save(file);
         const again = await (await loadClassifier(file)).predict(X);
         text.push(Type.name, (await model.evaluate(X, labels)).accuracy > 0.9, String(again) === String(await model.predict(X)));
         const y = matrix(X.data.map((x, i) => X.data[i - (i % 2)]).filter((_, i) => i % 2 === 0), 40, 1);
         const { weights } = await lstsq(X, y);
         text.push(weights.data instanceof Type, Math.abs(weights.data[0] - 1) < 1e-5);
         const sums = new NormalEquations(2, 1, { precision: Type.name.slice(0, -5).toLowerCase() });
         await sums.add(X, y);
         text.push((await sums.solve()).rank);
       }
       const code = (error) => error instanceof BplsError && error.code;
       text.push(await loadClassifier('/nowhere').catch(code));
       const X = matrix(new Float64Array(4).fill(NaN), 2, 2);
       text.push(await trainClassifier(X, [0, 1]).catch(code));
       return text.join();
     })`,
    realm,
  );
  console.log(await run(bpls, join(folder, 'model'), join(folder, 'checkpoint')));
} finally {
  rmSync(folder, { recursive: true });
}
