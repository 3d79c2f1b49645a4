export { announce, type Announcement } from './announce.ts';
export { fail } from './fail.ts';
export { Loop } from './loop.ts';
export { Roles } from './roles.ts';
export { run } from './run.ts';
export { platformModules } from './platform-modules.ts';
export { within } from './within.ts';
