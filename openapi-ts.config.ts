import { defineConfig } from '@hey-api/openapi-ts';

/** The client that our own journeys use is generated like anybody else's. */
export default defineConfig({
  input: './docs/openapi.json',
  output: './test/support/client',
});
