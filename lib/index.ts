export type { Activation, OutputActivation } from './network/activation.js';
export { Classifier, loadClassifier, trainClassifier, type Evaluation } from './classifier.js';
export {
  AbortedError,
  AddonError,
  ArgumentError,
  BplsError,
  BufferError,
  MemoryError,
  ModelFileError,
  NonFiniteError,
  PrecisionError,
  ShapeError,
  SingularError,
  type BplsErrorCode,
} from './errors.js';
export type { Label, Labels } from './network/labels.js';
export { lstsq, ridge, type LstsqOptions, type RidgeOptions } from './least-squares/lstsq.js';
export { fromRows, matrix, type Arrays, type FloatArray, type Inputs, type Matrix, type Precision } from './matrix.js';
export { Network, type Layer, type Standardization } from './network/network.js';
export { NormalEquations, type Solution, type SolveOptions } from './least-squares/normal-equations.js';
export type {
  Augmentation,
  ClassifierOptions,
  HiddenLayer,
  ImageShape,
  Init,
  Loss,
  RegressorOptions,
  RunOptions,
  SampleRule,
  Solver,
  TargetRule,
  TrainOptions,
} from './options.js';
export { paper } from './training/paper.js';
export { plan, type Plan, type Shape } from './plan.js';
export type { Random } from './random.js';
export { loadRegressor, Regressor, trainRegressor, type RegressionEvaluation } from './regressor.js';
export type { IterationReport, LayerReport, RidgeSearch, TrainReport } from './report.js';
