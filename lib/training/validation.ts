import { checkFinite } from '../finite.js';
import { checkEqual, checkMatrix, checkSamePrecision, type Matrix } from '../matrix.js';
import { laneOf, type Settings } from '../options.js';

/** The inputs of `options.validation`, checked beside those of the training. */
export async function validationInputs(settings: Settings, value: unknown, X: Matrix): Promise<Matrix> {
  const name = 'options.validation.inputs';
  const inputs = checkMatrix(name, value);
  checkSamePrecision(`${name}.data`, inputs.data, 'X.data', X.data);
  checkEqual(`${name}.cols`, inputs.cols, 'X.cols', X.cols);
  await checkFinite(laneOf(settings), name, inputs);
  return inputs;
}
