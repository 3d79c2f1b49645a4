/** How often a test of servers repeats what it shows: a slice with every change, all of it in `npm run test:long`. */
export const scaled = (slice: number, full: number): number =>
  process.env['TEST_SCALE'] === 'full' ? full : slice;
