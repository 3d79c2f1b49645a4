import { DeliveriesProgressed, type DeliveryState, type DeliveryTransition } from '../contracts/index.ts';

interface Step {
  /** Null for a mail about an account, which nobody counts. */
  readonly notificationId: string | null;
  readonly from: DeliveryState | null;
  readonly to: DeliveryState;
}

const perEvent = 1_000;

/** The events that tell of these steps, equal ones counted together. */
export function progressOf(steps: readonly Step[]): DeliveriesProgressed[] {
  const counted = new Map<string, DeliveryTransition>();
  for (const { notificationId, from, to } of steps) {
    if (notificationId === null) continue;
    const key = `${notificationId} ${from} ${to}`;
    counted.set(key, { notificationId, from, to, count: (counted.get(key)?.count ?? 0) + 1 });
  }
  const transitions = [...counted.values()];
  return Array.from(
    { length: Math.ceil(transitions.length / perEvent) },
    (_, index) =>
      new DeliveriesProgressed({ transitions: transitions.slice(index * perEvent, (index + 1) * perEvent) }),
  );
}
