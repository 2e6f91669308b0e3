// What the fuzz targets share.
const { createHash } = require('node:crypto');
const { existsSync, mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { BplsError, matrix } = require('../../dist/lib/index.js');

/** Where the 64 digits of the checksum are. */
const digest = [40, 104];

/** The bytes with the checksum that they should have. */
exports.signed = function (data) {
  const bytes = Buffer.from(data);
  if (bytes.length < digest[1]) return bytes;
  bytes.fill('0', ...digest);
  bytes.write(createHash('sha256').update(bytes).digest('hex'), digest[0]);
  return bytes;
};

/** What an action returns, or undefined where it refuses with an error of this package; any other error is a finding. */
exports.accepted = async function (action) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof BplsError)) throw error;
    // Nothing else is the fault of the bytes.
    if (error.code === 'ADDON') throw error;
    return undefined;
  }
};

/** A file that is written again and again, in memory where there is such a folder. */
exports.scratchFile = function (name) {
  return join(mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bpls-fuzz-')), name);
};

/** The training whose checkpoints are fuzzed; the same every time, because its fingerprint is in them. */
exports.problem = function () {
  const data = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
  const labels = Array.from({ length: 20 }, (_, i) => i % 2);
  const options = { hidden: [3], iterations: 4, ridge: 1e-3, threads: 1 };
  return { X: matrix(data, 20, 2), labels, options };
};
