import { Random } from '../random.ts';

/** How a mail server treats one try to hand it a message. */
export interface Conduct {
  /** Its answer to the recipient. */
  readonly rcpt: 250 | 421 | 450 | 550;
  /** Where it hangs up, if it does not hear the message to its end. */
  readonly leavesAt: 'data' | 'body' | null;
  /** Whether it takes the message, and how long after the final dot. */
  readonly accepts: boolean;
  readonly acceptsAfterMs: number;
  /** Its answer to the final dot; null when it hangs up without one. */
  readonly answer: 250 | 451 | 554 | null;
  /** From taking the message, or else from the dot, to the answer or to hanging up. */
  readonly answersAfterMs: number;
}

const kind: Conduct = {
  rcpt: 250,
  leavesAt: null,
  accepts: true,
  acceptsAfterMs: 0,
  answer: 250,
  answersAfterMs: 0,
};

/** `calm` servers are quick and take everything. `mute` ones are kind, but often leave the final dot unanswered. */
export type Mood = 'troubled' | 'calm' | 'mute';

/** Decided by the seed, the recipient and how often the server has heard of it: the third try meets a kind one. */
export function conductTo(seed: string, mood: Mood, recipient: string, attempt: number): Conduct {
  const random = new Random(seed, `conduct ${recipient} ${attempt}`);
  const { troubles, share } = moods[mood];
  if (attempt <= 2 && random.chance(attempt === 1 ? share : share / 2)) {
    return { ...kind, ...random.pick(troubles)(random) };
  }
  return { ...kind, ...paceOf(random, mood) };
}

type Trouble = (random: Random) => Partial<Conduct>;

const unanswered =
  (accepts: (random: Random) => boolean): Trouble =>
  (random) => ({
    accepts: accepts(random),
    acceptsAfterMs: random.chance(0.5) ? 0 : random.between(0, 1_000),
    answer: null,
    answersAfterMs: random.chance(0.4) ? 0 : random.between(500, 4_000),
  });

const troubles: readonly Trouble[] = [
  () => ({ rcpt: 450 }),
  () => ({ rcpt: 450 }),
  () => ({ accepts: false, answer: 451 }),
  (random) => ({ accepts: false, answer: 451, answersAfterMs: random.between(0, 2_000) }),
  (random) => (random.chance(0.2) ? { rcpt: 421 } : { leavesAt: 'data' }),
  (random) => (random.chance(0.2) ? { rcpt: 550 } : { leavesAt: 'body' }),
  (random) => (random.chance(0.2) ? { accepts: false, answer: 554 } : {}),
  unanswered((random) => random.chance(0.5)),
  unanswered((random) => random.chance(0.5)),
];

const moods: Readonly<Record<Mood, { troubles: readonly Trouble[]; share: number }>> = {
  troubled: { troubles, share: 0.15 },
  calm: { troubles: [], share: 0 },
  mute: { troubles: [unanswered(() => true)], share: 0.08 },
};

/** Most answers come soon; some mail servers think for seconds, before or after they have taken the message. */
function paceOf(random: Random, mood: Mood): Partial<Conduct> {
  if (mood === 'calm' || random.chance(0.5)) return { answersAfterMs: random.between(0, 20) };
  const longest = random.chance(0.15) ? 6_000 : 1_200;
  return { acceptsAfterMs: random.between(0, longest), answersAfterMs: random.between(0, longest / 4) };
}
