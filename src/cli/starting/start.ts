import { runProgram } from './run-program.ts';

runProgram(import.meta.dirname, 'drover.cjs');
