export { Loop } from './loop.ts';
export { run } from './run.ts';
