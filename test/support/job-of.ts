import { vi } from 'vitest';

/** A job of the queue, as a worker gets it. */
export const jobOf = (deliveryId: string, version = 1, payload = 1) => ({
  data: { payload, deliveryId, version },
  moveToDelayed: vi.fn<(until: number, token?: string) => Promise<void>>(),
});
