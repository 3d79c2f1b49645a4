import { DomainError } from '#kernel';

export const mailedTokenInvalid = () =>
  new DomainError(
    'unauthenticated',
    'identity.mailed-token-invalid',
    'This link was used, is too old or is not complete; ask for another mail.',
  );
