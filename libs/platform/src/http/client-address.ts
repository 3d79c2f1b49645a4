import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Whom a request comes from: what the proxies in `TRUST_PROXY` say, else the peer. A forwarded name that is no address
 * is somebody's text.
 */
export const clientAddress = ({ ip, socket }: FastifyRequest): string =>
  isIP(ip) ? ip : (socket.remoteAddress ?? '');

/** What one subscriber has of the address space: an IPv4 address, or the /64 of an IPv6 one (RFC 4291, 2.5.4). */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  // IPv4, as a socket that listens on both sees it.
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
