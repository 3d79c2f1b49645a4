import type { CustomFetch } from 'openid-client';
import { ProviderUnavailable } from './provider-unavailable.ts';

/** More than any metadata, key set or token there is; Google's are 2 kB. */
const mostBytes = 256 * 1024;

/**
 * How a provider is asked. What comes too late (by the signal), is too large, or says that it cannot now, is no answer.
 * @throws ProviderUnavailable
 */
export const boundedFetch: CustomFetch = async (url, { body, signal, ...options }) => {
  try {
    const answer = await fetch(url, { ...options, body: body ?? null, signal: signal ?? null });
    const { status, headers } = answer;
    const bytes = await bytesOf(answer.body);
    if (status >= 500 || status === 429) throw new Error(`The status is ${status}.`);
    return new Response(bytes, { status, headers });
  } catch (error) {
    throw new ProviderUnavailable(new URL(url), error);
  }
};

async function bytesOf(body: ReadableStream<Uint8Array> | null): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > mostBytes) throw new Error(`The answer is larger than ${mostBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
