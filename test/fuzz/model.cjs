// Bytes as a model file: as they are, and with their checksum made right, so that the parser behind it is reached.
const { loadClassifier, loadRegressor, matrix } = require('../../dist/lib/index.js');
const { decodeTensors, encodeTensors } = require('../../dist/lib/network/model-file.js');
const { accepted, signed } = require('./support.cjs');

/** @param {Buffer} data */
exports.fuzz = async function (data) {
  await accepted(() => decodeTensors(data));
  const bytes = signed(data);
  const decoded = await accepted(() => decodeTensors(bytes));
  if (!decoded) return;
  // Only one text is a file of this content.
  if (!bytes.equals(await encodeTensors(decoded))) throw new Error('Expected the bytes that were read');
  for (const load of [loadClassifier, loadRegressor]) {
    const model = await accepted(() => load(bytes));
    if (!model) continue;
    const { inputs, layers } = model.network;
    const row = new layers[0].weights.constructor(inputs);
    const X = matrix(row, 1, inputs);
    const [now, later] = [
      await accepted(() => model.predictSync(X)),
      await accepted(() => model.predict(X, { threads: 1 })),
    ];
    // Sums near the end of the range may leave it in one order of summation and not in another.
    if (now && later && now.length !== later.length) throw new Error('Expected two predictions that are alike');
  }
};
