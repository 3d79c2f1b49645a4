import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, Reflector } from '@nestjs/core';
import type { DomainEvent } from '#kernel';
import { REACTS_TO, type Reaction, type ReactionMetadata, type ReactionMode } from './reaction.ts';

interface RegisteredReaction {
  readonly name: string;
  readonly instance: Reaction<DomainEvent>;
}

/** Every reaction of this process, by event type. */
@Injectable()
export class Reactions implements OnModuleInit {
  private readonly byKey = new Map<string, RegisteredReaction[]>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    for (const { metatype, instance, host } of this.discovery.getProviders()) {
      if (typeof metatype !== 'function' || !instance) continue;
      const metadata = this.reflector.get<ReactionMetadata | undefined>(REACTS_TO, metatype);
      if (!metadata) continue;
      // The module tells apart what two contexts name alike; the name is what the mark of a relayed event holds.
      const name = `${host?.name}.${metatype.name}`;
      const key = `${metadata.mode} ${metadata.event.type}`;
      const registered = this.byKey.get(key) ?? [];
      // By class as well: the name differs by module, and a class that two modules provide would react twice.
      if (registered.some((other) => other.name === name || other.instance.constructor === metatype))
        throw new Error(`${name} is provided twice.`);
      registered.push({ name, instance: instance as Reaction<DomainEvent> });
      this.byKey.set(key, registered);
    }
  }

  /** Every relayed reaction with the type of its event. */
  relayed(): { type: string; reaction: string }[] {
    return [...this.byKey].flatMap(([key, registered]) => {
      const [mode, type = ''] = key.split(' ');
      return mode === 'relayed' ? registered.map(({ name }) => ({ type, reaction: name })) : [];
    });
  }

  to(type: string, mode: ReactionMode): readonly RegisteredReaction[] {
    return this.byKey.get(`${mode} ${type}`) ?? [];
  }
}
