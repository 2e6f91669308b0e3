import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { loadClassifier, matrix, ModelFileError, trainClassifier } from '../../lib/index.js';
import { failure } from '../support/expect.js';
import { run } from '../support/processes.js';
import { source } from '../support/random.js';

const script = 'checkpointed.mjs';
const scriptPath = join(__dirname, '../support', script);
const folder = mkdtempSync(join(tmpdir(), 'bpls-crash-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Kills the training after so many milliseconds; whether it was still there. */
function killAfter(path: string, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [scriptPath, path], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.on('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

describe('kill −9', () => {
  it('at 20 random moments loses no more than an iteration, and changes no bit', async () => {
    const started = performance.now();
    const { output: expected } = await run(script);
    const whole = performance.now() - started;
    expect(expected).toMatch(/^[0-9a-f]{64}$/);
    const random = source(1);
    const uniform = () => (1 + random.uniforms(1, 1).data[0]!) / 2;
    const path = join(folder, 'training');
    let killed = 0;
    let resumed = 0;
    // Before the first iteration is accepted there is nothing to go on from: that many moments would show little.
    while (killed < 20 || resumed < 10) {
      if (!(await killAfter(path, whole * uniform()))) continue;
      killed++;
      if (!existsSync(path)) continue;
      resumed++;
      // Now and then the one that goes on is killed as well.
      if (uniform() < 0.3 && (await killAfter(path, (whole * uniform()) / 2))) killed++;
      expect((await run(script, [path])).output).toBe(expected);
      expect(existsSync(path)).toBe(false);
    }
    console.log(`${killed} killed, ${resumed} resumed, each to the same bits`);
    for (const name of readdirSync(folder)) expect(name).toMatch(/^(training|\.bpls-.*\.tmp)$/);
  });
});

describe('a file that cannot be written', () => {
  const model = async () => {
    const random = source(2);
    return trainClassifier(matrix(random.normals(50, 3).data, 50, 3), random.labels(50, 2), {
      hidden: [300],
      ridge: 1,
    });
  };

  it('on a disk that is full is refused, and the old one is whole', async () => {
    const path = join(folder, 'full');
    await (await model()).save(path);
    const before = readFileSync(path);
    // Files of this process may not grow beyond 1 KiB: the same to it as a full disk.
    const limited = `ulimit -f 1; exec "${process.execPath}" "${scriptPath}" "${path}2"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited]);
    expect(stdout.trim()).toBe('MODEL_FILE EFBIG');
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.startsWith('full'))).toEqual(['full']);
  });

  it('in a folder that is read-only is refused, and the old one is whole', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    const path = join(closed, 'model');
    await (await model()).save(path);
    const before = readFileSync(path);
    chmodSync(closed, 0o555);
    const isRoot = process.getuid?.() === 0;
    // Root may write anywhere, so somebody else tries.
    if (isRoot) chownSync(closed, 0, 0);
    const child = spawn(
      process.execPath,
      [scriptPath, join(closed, 'training')],
      isRoot ? { uid: 65534, gid: 65534 } : {},
    );
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    await new Promise((resolve) => child.on('exit', resolve));
    expect(output.trim()).toBe('MODEL_FILE EACCES');
    expect(readFileSync(path)).toEqual(before);
    chmodSync(closed, 0o755);
    expect(readdirSync(closed)).toEqual(['model']);
  });
});

describe('a model file', () => {
  it('with any bit flipped, or cut short anywhere, is refused', async () => {
    const random = source(3);
    const X = matrix(random.normals(30, 2).data, 30, 2);
    const trained = await trainClassifier(X, random.labels(30, 2), { hidden: [3], iterations: 2, ridge: 1e-3 });
    const path = join(folder, 'small');
    await trained.save(path);
    const bytes = readFileSync(path);
    const damaged = join(folder, 'damaged');
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(damaged, copy);
      expect(await failure(loadClassifier(damaged)), `bit ${bit}`).toBeInstanceOf(ModelFileError);
    }
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(damaged, bytes.subarray(0, length));
      expect(await failure(loadClassifier(damaged)), `${length} bytes`).toBeInstanceOf(ModelFileError);
    }
    console.log(`${8 * bytes.length} flips and ${bytes.length} truncations refused`);
  });
});
