import { Module, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { DomainEvent } from '#kernel';
import { type Reaction, ReactsTo, ReactsWithin } from './reaction.ts';
import { Reactions } from './reactions.ts';

class Rained extends DomainEvent {
  static override readonly type = 'test.rained.v1';
}

class Snowed extends DomainEvent {
  static override readonly type = 'test.snowed.v1';
}

const quietly = async () => {};

@ReactsTo(Rained)
class OpensUmbrella implements Reaction<Rained> {
  react = quietly;
}

@ReactsWithin(Rained)
class ShutsWindow implements Reaction<Rained> {
  react = quietly;
}

/** Another class of that name, as another context may have one. */
const namesake = (): Type => {
  @ReactsTo(Rained)
  class OpensUmbrella implements Reaction<Rained> {
    react = quietly;
  }
  return OpensUmbrella;
};

@Module({ providers: [OpensUmbrella, ShutsWindow] })
class Ada {}

/** Resolves with whether they were refused only: the registry is too large for an error message. */
const accepted = async (...imports: Type[]) => Boolean(await reactionsOf(...imports));

const reactionsOf = async (...imports: Type[]): Promise<Reactions> => {
  const module = Test.createTestingModule({
    imports: [DiscoveryModule, ...imports],
    providers: [Reactions],
  });
  return (await (await module.compile()).init()).get(Reactions);
};

describe('the reactions of a process', () => {
  it('are known by event and by when they run', async () => {
    const reactions = await reactionsOf(Ada);
    expect(reactions.to(Rained.type, 'relayed').map(({ name }) => name)).toEqual(['Ada.OpensUmbrella']);
    expect(reactions.to(Rained.type, 'in-transaction').map(({ name }) => name)).toEqual(['Ada.ShutsWindow']);
    expect(reactions.to(Snowed.type, 'relayed')).toEqual([]);
  });

  it('may have the name of one of another context', async () => {
    @Module({ providers: [namesake()] })
    class Grace {}
    const reactions = await reactionsOf(Ada, Grace);
    expect(reactions.to(Rained.type, 'relayed').map(({ name }) => name)).toEqual([
      'Ada.OpensUmbrella',
      'Grace.OpensUmbrella',
    ]);
  });

  it('are refused when one is provided twice, in one module or in two', async () => {
    @Module({ providers: [OpensUmbrella] })
    class Grace {}
    await expect(accepted(Ada, Grace)).rejects.toThrow('Grace.OpensUmbrella is provided twice.');

    @Module({ providers: [OpensUmbrella, { provide: 'spare', useClass: OpensUmbrella }] })
    class Edsger {}
    await expect(accepted(Edsger)).rejects.toThrow('Edsger.OpensUmbrella is provided twice.');
  });

  it('are refused when two would share the name that marks them as done', async () => {
    @Module({ providers: [OpensUmbrella, namesake()] })
    class Grace {}
    await expect(accepted(Grace)).rejects.toThrow('Grace.OpensUmbrella is provided twice.');
  });
});
