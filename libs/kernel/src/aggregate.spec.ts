import { describe, expect, it } from 'vitest';
import { Aggregate } from './aggregate.ts';
import { DomainEvent } from './domain-event.ts';

class DoorOpened extends DomainEvent<{ door: string }> {
  static override readonly type = 'house.door-opened.v1';
}

class Door extends Aggregate {
  open(): void {
    this.record(new DoorOpened({ door: 'front' }));
  }
}

describe('an aggregate', () => {
  it('hands over each event once, in order', () => {
    const door = new Door();
    door.open();
    door.open();
    expect(door.pullEvents().map((event) => event.type)).toEqual([DoorOpened.type, DoorOpened.type]);
    expect(door.pullEvents()).toEqual([]);
  });

  it('records events also when the ORM restored it without its constructor', () => {
    const door = Object.create(Door.prototype) as Door;
    door.open();
    expect(door.pullEvents()).toHaveLength(1);
  });
});
