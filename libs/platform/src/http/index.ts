export { ApiProblems } from './api-problems.ts';
export { decimalInput, decimalOutput } from './decimal.ts';
export { configureHttp, httpAdapter } from './http-app.ts';
export { buildOpenApi } from './openapi.ts';
export { filterOf, linkPages, namesIn, type Page, pageOf, pageQuery, type PageRequest } from './paging.ts';
export { CurrentPrincipal, IS_PUBLIC, type Principal, Public, type Role, roles } from './principal.ts';
export { isOneLine, isStorable } from './text.ts';
