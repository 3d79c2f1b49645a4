import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { memoryStore, type Store } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import { Redis } from '../redis/index.ts';

/** An answer as it is sent, so that sending it again costs nothing but sending it. */
export interface CachedAnswer {
  readonly body: string;
  readonly link: string;
}

interface Entry {
  readonly stamp: string;
  readonly answer: CachedAnswer;
}

/** How often a list was found, was not, or could not be asked for because the cache is away. */
export interface Lookups {
  hit: number;
  miss: number;
  away: number;
}

/** What the store knows: the epoch, the owner's generation, the answer. */
type Kept = readonly [string | undefined, string | undefined, Entry | undefined];

/** Milliseconds that an answer is kept in Redis: bounds how old it is after a change that could not be told. */
const keptInRedis = 10_000;
/** The same in memory, which the other processes cannot tell of a firing: well below the second that is promised. */
const keptInMemory = 500;
/** Milliseconds; an owner without a generation gets a new one, so it is only for Redis's memory. */
const generationKept = 3_600_000;
const mostInMemory = 2_000;
/** In characters, of which each takes one or two bytes. */
const longestInMemory = 16_000_000;
/** In characters: a page of a hundred alerts with long notes is made anew. */
const longestBody = 100_000;
/** Answers kept of one list of an owner: whoever thinks of ever new questions fills no more of Redis. */
const keptOfOwner = 16;
/** A part of every stamp. */
const epochKey = 'tocsin:lists';

/**
 * Keeps lists of single owners until something of theirs changes. An answer is valid under the stamp that was
 * read before it was made: the owner's generation and the epoch of all lists. Both are replaced by random ids,
 * never counted, so that no stamp comes back, whatever Redis forgets; hence an answer that is still valid was
 * made after the last change that was told.
 *
 * A process that cannot tell is one whose connection breaks; when it has one again it begins a new epoch before
 * it asks anything, and so does one that starts. Reasons and limits: docs/decisions/0011.
 */
@Injectable()
export class OwnerCache {
  /** By the name of the list. */
  readonly lookups = new Map<string, Lookups>();
  private readonly store: Store;
  private readonly keptFor: number;
  private readonly unsent = new Map<string, Promise<Kept | undefined>>();

  constructor(private readonly redis: Redis) {
    const { client } = redis;
    this.keptFor = client ? keptInRedis : keptInMemory;
    this.store = client
      ? // It has the commands of a client of `redis`, the package that the types name.
        redisInsStore(client as unknown as Parameters<typeof redisInsStore>[0])
      : memoryStore({
          max: mostInMemory,
          ttl: keptInMemory,
          shouldCloneBeforeSet: false,
          ttlAutopurge: false,
          maxSize: longestInMemory,
          sizeCalculation: (kept) => 100 + ((kept as Partial<Entry>).answer?.body.length ?? 0),
        });
    client?.on('ready', () => this.beginEpoch());
    if (!client || client.isReady) this.beginEpoch();
  }

  /** The answer kept under this key, or a new one; a cache that is away keeps nothing and delays nothing. */
  async read(
    list: string,
    ownerId: string,
    key: string,
    make: () => Promise<CachedAnswer>,
  ): Promise<CachedAnswer> {
    const generationKey = keyOf(list, ownerId);
    const entryKey = `${generationKey}:${placeOf(key)}`;
    const kept = await this.find(generationKey, entryKey);
    const lookups = this.lookupsOf(list);
    if (!kept) {
      lookups.away += 1;
      return make();
    }
    const [epoch, generation, entry] = kept;
    // Another question may have the same place. Nothing is kept under a stamp that lacks a part.
    const stamp = `${epoch} ${generation} ${key}`;
    if (entry?.stamp === stamp) {
      lookups.hit += 1;
      return entry.answer;
    }
    lookups.miss += 1;
    if (epoch === undefined) this.beginEpoch();
    // For the next reader: whoever asks only once costs neither a wait nor an entry.
    if (generation === undefined) void this.changed(list, [ownerId]);
    if (epoch === undefined || generation === undefined) return make();
    const answer = await make();
    if (answer.body.length <= longestBody) {
      void this.ask(() => this.store.set(entryKey, { stamp, answer } satisfies Entry, this.keptFor));
    }
    return answer;
  }

  /**
   * From now on nothing is valid that was made before. For `Database.afterCommit`: what is told before the commit
   * would let a reader keep the old list under the new generation.
   */
  async changed(list: string, ownerIds: Iterable<string>): Promise<void> {
    await this.tell(() =>
      Promise.all(Array.from(new Set(ownerIds), (id) => this.replace(keyOf(list, id), generationKept))),
    );
  }

  /** Readers of one turn share the question: until it is sent it is as good as one of their own. */
  private find(generationKey: string, entryKey: string): Promise<Kept | undefined> {
    const shared = this.unsent.get(entryKey);
    if (shared) return shared;
    const found = nextTurn().then(async () => {
      this.unsent.delete(entryKey);
      return (await this.ask(() => this.store.mget(epochKey, generationKey, entryKey))) as Kept | undefined;
    });
    this.unsent.set(entryKey, found);
    return found;
  }

  private lookupsOf(list: string): Lookups {
    const lookups = this.lookups.get(list) ?? { hit: 0, miss: 0, away: 0 };
    this.lookups.set(list, lookups);
    return lookups;
  }

  private beginEpoch(): void {
    void this.tell(() => this.replace(epochKey, 0));
  }

  /** A Redis that is full takes nothing new, and answers all the same; it does forget. */
  private replace(part: string, keptFor: number): Promise<void> {
    return this.store.set(part, randomUUID(), keptFor).catch(() => this.store.del(part));
  }

  private ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    return this.redis.client ? this.redis.ask(question) : question();
  }

  private tell(message: () => Promise<unknown>): Promise<unknown> {
    return this.redis.client ? this.redis.tell(message) : message();
  }
}

/** The place of a question, among those of its list and owner. */
function placeOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return (hash >>> 0) % keptOfOwner;
}

const keyOf = (list: string, ownerId: string) => `${epochKey}:${list}:${ownerId}`;
