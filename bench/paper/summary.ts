import type { Table } from '../table.js';
import { atTheirBest, bestTable, levels, levelTable, nodePeers, tuningTable } from './levels.js';
import type { Results } from './results.js';

export const injectiveProblems = ['linear map 64 → 64', 'teacher of 16 tanh units'];
export const toyProblems = ['linear toy', 'nonlinear toy', 'XOR'];

/** The tables of the page and of the README, the first ones first. */
export function summaryTables(results: Results): Table[] {
  const tables = [
    levelTable(results),
    levelTable(results, 100),
    levelTable(results, 1000),
    bestTable('Injective maps: the least error of each peer', atTheirBest(results, injectiveProblems), 1000),
    bestTable('The peers in Node at their best', atTheirBest(results, Object.keys(levels), nodePeers), 100),
    bestTable('Small problems: each peer at its best', atTheirBest(results, toyProblems), 1000),
    ...(results.time?.tables.slice(0, 1) ?? []),
    ...(results.depth?.tables.slice(0, 1) ?? []),
    tuningTable(results),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}
