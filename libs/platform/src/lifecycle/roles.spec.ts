import { expect, it } from 'vitest';
import { Roles } from './roles.ts';

it('a role is up once it has begun, as long as all its parts are alive', () => {
  const roles = new Roles();
  const [feeds, engine] = [{ isAlive: true }, { isAlive: true }];
  expect(roles.isUp('market')).toBe(false);
  roles.begun('market', feeds);
  roles.begun('market', engine);
  expect([roles.isUp('market'), roles.isUp('relay')]).toEqual([true, false]);
  engine.isAlive = false;
  expect(roles.isUp('market')).toBe(false);
});
