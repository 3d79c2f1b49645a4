import Handlebars from 'handlebars';

/** What a recipient reads. */
export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A line of a mail's table. */
export interface Row {
  readonly label: string;
  readonly value: string;
}

interface Table {
  readonly title: string | null;
  readonly rows: readonly Row[];
}

interface Link {
  readonly label: string;
  readonly url: string;
}

interface MailContent {
  readonly subject: string;
  /** What the person is told first: text of theirs or ours, its line breaks kept. */
  readonly message: string;
  readonly tables: readonly Table[];
  /** The one thing that this mail asks its reader to do, where there is one; nobody overlooks it. */
  readonly action?: Link | null;
  /** Why this mail came, and what to do about it; the last line may be followed by an address to look at. */
  readonly reason: string;
  readonly link: Link | null;
}

/** A strict template has to be told that something is absent. */
type Drawn = Omit<MailContent, 'action'> & { readonly action: Link | null };

const templates = Handlebars.create();

// Tables and inline styles are what every mail program draws; the dark colours are for those that know media queries.
const html = templates.compile<Drawn & { paragraphs: string[][] }>(
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{subject}}</title>
<style>
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #14171a !important; }
  .card { background: #1f2428 !important; }
  .text { color: #f0f2f4 !important; }
  .faint { color: #a8b0b8 !important; }
  .line { border-color: #3a4148 !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f5f7">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f3f5f7">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;background:#ffffff;border-radius:8px">
<tr><td style="padding:28px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px">
<h1 class="text" style="margin:0 0 16px;font-size:22px;line-height:28px;color:#14171a">{{subject}}</h1>
{{#each paragraphs}}
<p class="text" style="margin:0 0 16px;color:#14171a">{{#each this}}{{this}}{{#unless @last}}<br>{{/unless}}{{/each}}</p>
{{/each}}
{{#each tables}}
{{#if title}}<h2 class="text" style="margin:20px 0 4px;font-size:17px;line-height:24px;color:#14171a">{{title}}</h2>{{/if}}
<table width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 16px;border-collapse:collapse">
{{#each rows}}
<tr>
<th scope="row" align="left" class="faint line" style="padding:8px 12px 8px 0;border-bottom:1px solid #e1e5e9;font-size:14px;line-height:20px;font-weight:normal;color:#59636e">{{label}}</th>
<td align="right" class="text line" style="padding:8px 0;border-bottom:1px solid #e1e5e9;font-size:14px;line-height:20px;color:#14171a">{{value}}</td>
</tr>
{{/each}}
</table>
{{/each}}
{{#if action}}
<p style="margin:8px 0 16px"><a href="{{action.url}}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#0b5cad;font-weight:bold;text-decoration:none;color:#ffffff">{{action.label}}</a></p>
{{/if}}
<p class="faint" style="margin:20px 0 0;font-size:13px;line-height:20px;color:#59636e">{{reason}}{{#if link}}<br><a class="faint" href="{{link.url}}" style="color:#59636e">{{link.label}}</a>{{/if}}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`,
  { strict: true },
);

const text = templates.compile<Drawn>(
  `{{message}}
{{#each tables}}

{{#if title}}
{{title}}
{{/if}}
{{#each rows}}
{{label}}: {{value}}
{{/each}}
{{/each}}
{{#if action}}

{{action.label}}:
{{action.url}}
{{/if}}

-- 
{{reason}}
{{#if link}}
{{link.label}}: {{link.url}}
{{/if}}
`,
  { strict: true, noEscape: true },
);

/** Both parts of a mail; every value is escaped in the HTML one, and the text one says as much. */
export function renderMail({ action = null, ...content }: MailContent): Mail {
  return {
    subject: content.subject,
    text: text({ ...content, action }).trimStart(),
    html: html({ ...content, action, paragraphs: paragraphs(content.message) }),
  };
}

/** The paragraphs of a text, each as its lines. */
function paragraphs(text: string): string[][] {
  return text
    .split(/\r?\n(?:[ \t]*\r?\n)+/)
    .map((paragraph) => paragraph.split(/\r?\n/))
    .filter((lines) => lines.some((line) => line.trim() !== ''));
}
