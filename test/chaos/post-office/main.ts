import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Counter, PostOffice } from './counter.ts';
import type { Order, Report } from './messages.ts';
import { Session } from './session.ts';

// The mail servers of a run, one port a worker slot, in a process of their own: nothing that the harness does delays
// them. They take every message that they are given to the end, also of a worker that is gone.

const report = (message: Report): void => void process.send?.(message);
const counters = new Map<string, Counter>();
let office: PostOffice;

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());

async function obey(order: Order): Promise<void> {
  if (order.order === 'open') return open(order);
  if (order.order === 'mood') office.mood = order.mood;
  if (order.order === 'pid') counterOf(order.slot).pid = order.pid;
  if (order.order === 'ambush') counterOf(order.slot).ambush = order.ambush;
}

async function open({ journal, seed, slots }: Extract<Order, { order: 'open' }>): Promise<void> {
  office = new PostOffice(journal, seed, report);
  const ports: Record<string, number> = {};
  for (const slot of slots) {
    const counter = new Counter(office, slot);
    counters.set(slot, counter);
    const server = createServer((socket) => void new Session(socket, counter));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ports[slot] = (server.address() as AddressInfo).port;
  }
  report({ report: 'open', ports });
}

function counterOf(slot: string): Counter {
  const counter = counters.get(slot);
  if (!counter) throw new Error(`There is no slot ${slot}.`);
  return counter;
}
