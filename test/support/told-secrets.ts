/**
 * What no process may print, by its shape and as all suites use it: addresses, passwords, access and refresh tokens, API
 * keys, mailed tokens. The setup link and the demo account are for whoever starts the program.
 */
const secrets: readonly RegExp[] = [
  /[^\s"<(]+@example\.(?:org|com|net)/,
  /correct horse|another horse/,
  /eyJ[\w-]{10,}\.[\w-]{10,}/,
  /\btocsin_[\w-]{20,}/,
  /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{43}(?![\w-])/,
];
const meantForTheReader = /\/account\/setup#|^│/;

/** The lines of an output that tell a secret. */
export const linesThatTell = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => !meantForTheReader.test(line) && secrets.some((secret) => secret.test(line)));

/** @throws Error with the lines */
export function assertTellsNoSecret(output: string): void {
  const lines = linesThatTell(output);
  if (lines.length > 0) throw new Error(`These lines tell a secret:\n${lines.join('\n')}`);
}
