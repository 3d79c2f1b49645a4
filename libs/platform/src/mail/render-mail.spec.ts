import { describe, expect, it } from 'vitest';
import { renderMail } from './render-mail.ts';

const said = { subject: 'Confirm your address', message: 'Hello', tables: [], reason: 'Why.', link: null };
const url = 'https://tocsin.test/verify#token=a&b';
const action = { label: 'Confirm it', url };

describe('What a mail asks for', () => {
  it('is a link that nobody overlooks, in HTML after what is said', () => {
    const { html } = renderMail({ ...said, action });
    expect(html).toMatch(
      /<p [^>]*>Hello<\/p>\s*<p [^>]*><a href="https:\/\/tocsin\.test\/verify#token&#x3D;a&amp;b" [^>]*>Confirm it<\/a><\/p>\s*<p [^>]*>Why\./,
    );
  });

  it('is an address on a line of its own in the text, before the reason', () => {
    const { text } = renderMail({ ...said, action });
    expect(text).toBe(`Hello\n\nConfirm it:\n${url}\n\n-- \nWhy.\n`);
  });

  it.each([{}, { action: null }])('is absent when nothing is asked: %j', (none) => {
    const { html, text } = renderMail({ ...said, ...none });
    expect(html).not.toContain('<a ');
    expect(text).toBe('Hello\n\n-- \nWhy.\n');
  });

  it('is escaped in HTML', () => {
    const { html } = renderMail({ ...said, action: { label: '<b>', url: 'https://a"><script>' } });
    expect(html).toContain('href="https://a&quot;&gt;&lt;script&gt;"');
    expect(html).toContain('&lt;b&gt;');
  });
});
