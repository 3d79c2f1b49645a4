/** One line of values. */
export interface ScrapedSample {
  /** The family's name, for histograms and summaries with its suffix. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ScrapedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: ScrapedSample[];
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const suffixes: Record<string, RegExp> = {
  histogram: /^(_bucket|_sum|_count)$/,
  summary: /^(|_sum|_count)$/,
};

/**
 * The families of a scrape, read as strictly as the text format 0.0.4 allows: `HELP` and `TYPE` once a family and
 * before its samples, all samples of a family together, no sample twice.
 * @throws Error naming the line that breaks the format
 */
export function parseExposition(text: string): Map<string, ScrapedFamily> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.');
  const families = new Map<string, ScrapedFamily>();
  const seen = new Set<string>();
  let current: ScrapedFamily | undefined;
  let help: readonly string[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      help = [name, rest];
      if (families.has(name)) fail('A family comes twice');
    } else if (keyword === 'TYPE') {
      if (help[0] !== name || !help[1]) fail('A family without help');
      current = { name, type: rest, help: help[1] ?? '', samples: [] };
      if (!/^(counter|gauge|histogram|summary)$/.test(rest)) fail('An unknown type');
      families.set(name, current);
    } else {
      const sample = readSample(line) ?? fail('No sample');
      if (!current || !belongs(sample, current)) throw fail('A sample outside of its family');
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).map(String).toSorted())}`;
      if (seen.has(key)) fail('A sample comes twice');
      seen.add(key);
      current.samples.push(sample);
    }
  }
  return families;
}

function belongs({ name }: ScrapedSample, family: ScrapedFamily): boolean {
  if (!name.startsWith(family.name)) return false;
  return (suffixes[family.type] ?? /^$/).test(name.slice(family.name.length));
}

function readSample(line: string): ScrapedSample | undefined {
  const [, name, written = '', number = ''] = sampleLine.exec(line) ?? [];
  const value = Number(number.replace(/^([+-]?)Inf$/, '$1Infinity'));
  if (name === undefined || (Number.isNaN(value) && !/^nan$/i.test(number))) return undefined;
  const labels: Record<string, string> = {};
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < written.length) {
    const [, label, content] = labelPair.exec(written) ?? [];
    if (label === undefined || content === undefined || label in labels) return undefined;
    labels[label] = content.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return { name, labels, value };
}

/** The sum of a family's samples whose labels contain these; of a histogram, of its counts. */
export function totalOf(
  families: ReadonlyMap<string, ScrapedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(name);
  return (family?.samples ?? [])
    .filter((sample) => sample.name === (family?.type === 'histogram' ? `${name}_count` : name))
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
