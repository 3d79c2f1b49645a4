import { defineEntity, p } from '@mikro-orm/core';
import { User, type UserRole } from '../domain/user.ts';

export const UserSchema = defineEntity({
  class: User,
  schema: 'identity',
  tableName: 'users',
  properties: {
    id: p.uuid().primary(),
    email: p.text(),
    passwordHash: p.text().fieldName('password_hash').nullable(),
    name: p.text().nullable(),
    role: p.text().$type<UserRole>(),
    emailVerified: p.boolean().fieldName('email_verified'),
    demo: p.boolean(),
    bannedAt: p.datetime().fieldName('banned_at').nullable(),
    createdAt: p.datetime().fieldName('created_at'),
  },
});
