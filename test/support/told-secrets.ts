/**
 * What no process may print, by its shape and as all suites use it: addresses, credentials of a URL, passwords, access and
 * refresh tokens, API keys, mailed tokens, the secrets of the configuration. The setup link and the demo account are for
 * whoever starts the program.
 */
const secrets: readonly RegExp[] = [
  /[^\s"'<(/@]@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/i,
  /:\/\/[^\s/:@"]*:[^\s/@"]+@/,
  /horse battery|incorrect horse|the attacker knows this|a guess at it|Football1/,
  /eyJ[\w-]{10,}\.[\w-]{10,}/,
  /\btocsin_[\w-]{20,}/,
  /(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{43}(?![\w-])/,
  /secret of a test|(?:secret|key) of this (?:test|journey)/,
];
const meantForTheReader = /\/account\/setup#|^│/;
/** So that a line which tells much does not fill the screen. */
const shownCharacters = 600;

export const tellsSecret = (line: string): boolean =>
  !meantForTheReader.test(line) && secrets.some((secret) => secret.test(line));

/** The lines of an output that tell a secret. */
export const linesThatTell = (output: string): string[] => output.split('\n').filter(tellsSecret);

/** @throws Error with the lines */
export function assertTellsNoSecret(output: string): void {
  const lines = linesThatTell(output).map((line) => line.slice(0, shownCharacters));
  if (lines.length > 0) throw new Error(`These lines tell a secret:\n${lines.join('\n')}`);
}
