export { type Mail, renderMail, type Row } from './render-mail.ts';
