export { ApiProblem, ApiProblems } from './api-problems.ts';
export { changesOf } from './changes.ts';
export { clientAddress, networkOf } from './client-address.ts';
export { decimalInput, decimalOutput } from './decimal.ts';
export { httpAdapter, isDraining } from './http-adapter.ts';
export { configureHttp } from './http-app.ts';
export { IfMatch } from './if-match.ts';
export { buildOpenApi } from './openapi.ts';
export { filterOf, linkPages, namesIn, type Page, pageOf, pageQuery, type PageRequest } from './paging.ts';
export {
  type Access,
  accessOf,
  CurrentPrincipal,
  type Principal,
  Public,
  RequiresRole,
  RequiresScope,
  type Role,
  roles,
  type Scope,
  scopes,
} from './principal.ts';
export { InvalidInput } from './problem.ts';
export type { Policy, RateLimit } from './rate-limit.ts';
export { RateLimits, RateLimitsModule } from './rate-limits.ts';
export { isOneLine, isStorable } from './text.ts';
export { VersionedResponse } from './versioned.ts';
