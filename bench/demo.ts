import { runProgram } from './command-line.js';
import { demonstrate } from './demonstration.js';

runProgram(() => demonstrate(process.argv.slice(2)));
