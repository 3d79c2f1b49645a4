import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Config } from '#platform/config';
import { Public } from '#platform/http';

/** Our own script and style, calls to ourselves, and nothing else: no frame around the page, no form sent anywhere. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const asset = (name: string) => readFileSync(join(import.meta.dirname, 'page', name), 'utf8');

/**
 * Where links in mails and the setup link lead. Their token stands behind the `#`, so it reaches no log, no proxy and no
 * `Referer`, and is used when a button is pressed: programs that look through mails open every link in them.
 */
@ApiExcludeController()
@Public()
@Controller('account')
export class AccountPagesController {
  private readonly page: string;
  private readonly style = asset('page.css');
  private readonly script = asset('page.js');

  constructor({ swaggerUi }: Config) {
    this.page = asset('page.html').replace('{{swaggerUi}}', swaggerUi ? 'on' : 'off');
  }

  /** One file; its script shows the part that the path names. */
  @Get(['verify-email', 'forgot-password', 'reset-password', 'setup'])
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  @Header('Content-Security-Policy', policy)
  @Header('Referrer-Policy', 'no-referrer')
  showPage(): string {
    return this.page;
  }

  @Get('page.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  showStyle(): string {
    return this.style;
  }

  @Get('page.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  showScript(): string {
    return this.script;
  }
}
