import { benchmark } from './benchmark.js';
import { runProgram } from './command-line.js';
import { comparison } from './paper/comparison.js';

const [first, ...others] = process.argv.slice(2);
runProgram(() => (first === 'paper' ? comparison(others) : benchmark(process.argv.slice(2))));
