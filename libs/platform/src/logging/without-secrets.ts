/**
 * What may be logged or stored of a text somebody else wrote, an error message for example: mail addresses and
 * the credentials of URLs have an `@` between two other characters, which paths like `node_modules/@nestjs` lack.
 */
export const withoutSecrets = (text: string): string =>
  text
    .replaceAll(/[^\s/@]+@[^\s/@]+/g, '[redacted]')
    .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]')
    .replaceAll(/\btocsin_[\w-]{43}/g, '[redacted]');
