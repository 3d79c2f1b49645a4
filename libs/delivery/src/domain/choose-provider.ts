/** A delivery as far as it matters for who may be asked. */
export interface Asked {
  /** Who was asked last; null before the first attempt. */
  readonly provider: string | null;
  /** They may have it. */
  readonly tainted: boolean;
}

/**
 * Who may be asked for a delivery, the best first, of those that there are. Whoever may have it is the only one:
 * nobody else could tell that it is a repetition. Otherwise the one after the last one, which has refused; after
 * the last of all the first one again.
 */
export function providersFor({ provider, tainted }: Asked, names: readonly string[]): readonly string[] {
  const last = provider === null ? -1 : names.indexOf(provider);
  // One that is not there any more can tell nothing apart either.
  if (last === -1) return names;
  return tainted ? names.slice(last, last + 1) : [...names.slice(last + 1), ...names.slice(0, last + 1)];
}

/** Who is still to be asked, without a pause, for what this one has refused. */
export function othersAfter(provider: string, names: readonly string[]): readonly string[] {
  return names.slice(names.indexOf(provider) + 1);
}
