// Bytes as an IDX file of images or labels.
const { parseIdx } = require('../../dist/bench/data/idx.js');

/** @param {Buffer} data */
exports.fuzz = function (data) {
  for (const rank of [1, 3]) {
    let idx;
    try {
      idx = parseIdx(data, rank, 'it');
    } catch (error) {
      if (!/^Expected it to /.test(error.message)) throw error;
      continue;
    }
    const size = idx.dims.reduce((product, dim) => product * dim, 1);
    if (idx.dims.length !== rank || idx.data.length !== size)
      throw new Error('Expected as many bytes as the dimensions say');
  }
};
