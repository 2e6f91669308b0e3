// Bytes, with their checksum made right, as the checkpoint of a small training that goes on from them.
const { existsSync, rmSync, writeFileSync } = require('node:fs');
const { trainClassifier } = require('../../dist/lib/index.js');
const { accepted, problem, scratchFile, signed } = require('./support.cjs');

const checkpoint = scratchFile('checkpoint');

/** @param {Buffer} data */
exports.fuzz = async function (data) {
  writeFileSync(checkpoint, signed(data));
  const { X, labels, options } = problem();
  // What a state says may be anything, but no training on it goes on for ever.
  const signal = AbortSignal.timeout(5000);
  const model = await accepted(() => trainClassifier(X, labels, { ...options, checkpoint, signal }));
  if (signal.aborted) throw new Error('Expected the training to come to an end');
  if (model && existsSync(checkpoint)) throw new Error('Expected the checkpoint to be removed');
  rmSync(checkpoint, { force: true });
};
