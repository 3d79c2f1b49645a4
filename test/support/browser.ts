import type { Api } from './api.ts';

/** What a browser was answered. */
export interface Page {
  readonly status: number;
  /** Where it is sent. */
  readonly location: URL | null;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * As much of a browser as a sign-in needs: it keeps the cookies of each origin. What lies under `PUBLIC_URL` is asked of
 * the api, and everything else of the network.
 */
export class Browser {
  readonly cookies = new Map<string, Map<string, string>>();

  constructor(private readonly api: Api) {}

  /** The cookies of the api. */
  get ours(): Map<string, string> {
    return this.cookiesOf(new URL(this.api.config.publicUrl).origin);
  }

  /** One request, which sends the form if there is one. No redirect is followed. */
  async open(to: URL | string, form?: Record<string, string>): Promise<Page> {
    const url = new URL(to, this.api.config.publicUrl);
    const jar = this.cookiesOf(url.origin);
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const ask = url.href.startsWith(this.api.config.publicUrl) ? this.askApi : this.askNetwork;
    const { status, headers, text } = await ask.call(this, url, cookie, form);
    for (const line of headers.getSetCookie()) keep(jar, line);
    const location = headers.get('location');
    return { status, headers, text, location: location === null ? null : new URL(location, url) };
  }

  /**
   * Goes from page to page, over redirects and forms, which it fills in, and stops before a path of that end.
   * Returns where it would have gone.
   */
  async walk(from: string, end: string, fields: Record<string, string> = {}): Promise<URL> {
    let url = new URL(from, this.api.config.publicUrl);
    let page = await this.open(url);
    for (let steps = 0; steps < 20; steps += 1) {
      const [, action] = /<form[^>]* action="([^"]+)"/.exec(page.text) ?? [];
      const next = page.location ?? (action === undefined ? null : new URL(action, url));
      if (!next) break;
      if (next.pathname.endsWith(end)) return next;
      const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
      const form = { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), ...fields };
      page = await this.open(next, page.location ? undefined : form);
      url = next;
    }
    throw new Error(`The way ended at ${url.href}: ${page.status} ${page.text}`);
  }

  private async askApi({ pathname, search }: URL, cookie: string): Promise<Asked> {
    const answer = await this.api.call<unknown>({ url: `${pathname}${search}`, headers: { cookie } });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of [value].flat()) headers.append(name, String(one));
    }
    return { status: answer.status, headers, text: JSON.stringify(answer.body ?? '') };
  }

  private async askNetwork(url: URL, cookie: string, form?: Record<string, string>): Promise<Asked> {
    const body = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie }, ...body });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  private cookiesOf(origin: string): Map<string, string> {
    const known = this.cookies.get(origin) ?? new Map<string, string>();
    this.cookies.set(origin, known);
    return known;
  }
}

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

function keep(jar: Map<string, string>, line: string): void {
  const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
  if (/max-age=0|expires=thu, 01 jan 1970/i.test(attributes)) jar.delete(name);
  else jar.set(name, value);
}
