/** Every state of a delivery, as the contract of delivery names them. */
const states = [
  'pending',
  'sending',
  'retrying',
  'sent',
  'failed',
  'cancelled',
  'suppressed',
  'unknown',
] as const;
export type DeliveryState = (typeof states)[number];

/** How many deliveries of a notification are in each state. */
export type DeliveryCounts = Readonly<Record<DeliveryState, number>>;

/** `count` deliveries went from one state to another; `from` is null when they were created. */
export interface Transition {
  readonly from: DeliveryState | null;
  readonly to: DeliveryState;
  readonly count: number;
}

export const noDeliveries: DeliveryCounts = {
  pending: 0,
  sending: 0,
  retrying: 0,
  sent: 0,
  failed: 0,
  cancelled: 0,
  suppressed: 0,
  unknown: 0,
};

/** Adds a transition. Additions commute, so counts may be below zero until a late transition arrives. */
export function plus(counts: DeliveryCounts, { from, to, count }: Transition): DeliveryCounts {
  const sum = { ...counts };
  sum[to] += count;
  if (from) sum[from] -= count;
  return sum;
}

/** The counts as they are shown: what is below zero for a moment has not been told of yet. */
export function shown(counts: DeliveryCounts): DeliveryCounts {
  return Object.fromEntries(states.map((state) => [state, Math.max(0, counts[state])])) as DeliveryCounts;
}

/** Deliveries in a state that never changes again. */
export function settled({ sent, failed, cancelled, suppressed, unknown }: DeliveryCounts): number {
  return sent + failed + cancelled + suppressed + unknown;
}
