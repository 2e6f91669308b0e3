import { brain } from './brain.js';
import { mlMatrix } from './ml-matrix.js';
import type { NodePeer } from './peer.js';
import { tfjs } from './tfjs.js';

/** By the names that they have in the results, in the order of the tables. */
export const nodePeers = {
  'tfjs, wasm': tfjs('wasm'),
  'tfjs, cpu': tfjs('cpu'),
  'brain.js': brain,
  'ml-matrix': mlMatrix,
} satisfies Record<string, NodePeer>;

export type NodePeerName = keyof typeof nodePeers;

/** The npm packages that each is made of, all of which setup --peers installs. */
export const packagesOf: Readonly<Record<NodePeerName, string[]>> = {
  'tfjs, wasm': ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  'tfjs, cpu': ['@tensorflow/tfjs'],
  'brain.js': ['brain.js'],
  'ml-matrix': ['ml-matrix'],
};
