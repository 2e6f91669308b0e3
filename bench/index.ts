import { benchmark } from './benchmark.js';
import { runProgram } from './command-line.js';

runProgram(() => benchmark(process.argv.slice(2)));
