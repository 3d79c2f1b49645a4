import { type Mail, renderMail } from '#platform/mail';

// What is written to an address that may be a stranger's holds nothing that the asker wrote, not even a name.

const notYou = 'If that was not you, you need not do anything.';
const securityReason = 'You get this mail because it concerns the security of your account.';

export const confirmRegistration = (publicUrl: string, token: string): Mail =>
  mail(
    'Confirm your address',
    `Somebody, probably you, registered this address at ${publicUrl}. Confirm it within 24 hours, then you can log in.`,
    `You get this mail because your address was given there. ${notYou} Without the link nothing comes of it.`,
    { label: 'Confirm the address', url: `${publicUrl}/account/verify-email#token=${token}` },
  );

export const addressTaken = (publicUrl: string): Mail =>
  mail(
    'You have an account already',
    `Somebody, probably you, gave this address at ${publicUrl} for an account, and it has one already. Log in, or set a new password if you forgot yours.`,
    `You get this mail because your address was given there. ${notYou}`,
    { label: 'Set a new password', url: `${publicUrl}/account/forgot-password` },
  );

export const resetPassword = (publicUrl: string, token: string): Mail =>
  mail(
    'Set a new password',
    `Somebody, probably you, forgot the password of this address at ${publicUrl}. Set a new one within an hour. The new password ends every session and every API key of the account.`,
    `You get this mail because your address was given there. ${notYou}`,
    { label: 'Set a new password', url: `${publicUrl}/account/reset-password#token=${token}` },
  );

export const choosePassword = (publicUrl: string, token: string): Mail =>
  mail(
    'Choose your password',
    `Your address is confirmed, and you have an account at ${publicUrl}. It was registered more than once, so none of the passwords that were given with it counts. Choose one within 24 hours.`,
    securityReason,
    { label: 'Choose a password', url: `${publicUrl}/account/reset-password#token=${token}` },
  );

export const passwordChanged = (publicUrl: string): Mail =>
  mail(
    'Your password was changed',
    `The password of your account at ${publicUrl} was changed, and where else somebody was logged in, they are not any more. If that was not you, set a new one now.`,
    securityReason,
    { label: 'Set a new password', url: `${publicUrl}/account/forgot-password` },
  );

export const confirmAddress = (publicUrl: string, token: string): Mail =>
  mail(
    'Confirm your new address',
    `Somebody, probably you, gave this address as the new one of an account at ${publicUrl}. Confirm it within 24 hours.`,
    `You get this mail because your address was given there. ${notYou} Without the link nothing comes of it.`,
    { label: 'Confirm the address', url: `${publicUrl}/account/verify-email#token=${token}` },
  );

export const addressChangeAsked = (publicUrl: string, token: string): Mail =>
  mail(
    'Your address is to be changed',
    `Somebody who knows your password gave another address for your account at ${publicUrl}. It takes the place of this one once it is confirmed. If that was not you, set a new password now: that stops it.`,
    securityReason,
    { label: 'Set a new password', url: `${publicUrl}/account/reset-password#token=${token}` },
  );

export const addressChanged = (publicUrl: string): Mail =>
  mail(
    'Your address was changed',
    `Your account at ${publicUrl} has another address now, and this one gets no mail of it any more. If that was not you, tell whoever runs it.`,
    securityReason,
    null,
  );

function mail(
  subject: string,
  message: string,
  reason: string,
  action: { label: string; url: string } | null,
): Mail {
  return renderMail({ subject, message, tables: [], reason, link: null, action });
}
