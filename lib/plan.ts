import type { Settings } from './options.js';

export interface Shape {
  rows: number;
  inputs: number;
  outputs: number;
}

/** Bytes of the memory limit that remain for kept activations. */
export function cacheBytes(shape: Shape, settings: Settings, element: number): number {
  void shape;
  void element;
  return settings.memoryLimit - 100 * 2 ** 20;
}
