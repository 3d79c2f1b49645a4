// Ends with 0 when the process in this container can do its work: 200 from its /health/ready, or from the URL given.
import { get } from 'node:http';

const { METRICS_PORT, PORT } = process.env;
const url = process.argv[2] ?? `http://127.0.0.1:${METRICS_PORT || PORT || 3000}/health/ready`;

get(url, { timeout: 4_000 }, ({ statusCode }) => end(statusCode === 200, `HTTP ${statusCode}`))
  .on('timeout', () => end(false, 'no answer'))
  .on('error', (error) => end(false, error.message));

function end(healthy, reason) {
  process.stdout.write(`${url}: ${reason}\n`);
  process.exit(healthy ? 0 : 1);
}
