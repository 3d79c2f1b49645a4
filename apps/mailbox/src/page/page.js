const POLL_MS = 2_000;
const TABS = ['html', 'text', 'headers', 'source'];

const byId = (id) => document.getElementById(id);
const main = document.querySelector('main');
const nav = document.querySelector('nav');

let messages = [];
let etag;
let opened; // the message shown on the right, with its parts
let tab = 'html';

/** What the address bar says: #<message id>, so that reload and the back button work. */
const wanted = () => location.hash.slice(1);

async function poll() {
  if (!document.hidden) await attempt(refresh);
  setTimeout(() => void poll(), POLL_MS);
}

async function attempt(work) {
  try {
    await work();
    byId('offline').hidden = true;
  } catch (error) {
    console.error(error);
    byId('offline').hidden = false;
  }
}

async function refresh() {
  const headers = etag ? { 'If-None-Match': etag } : {};
  const response = await fetch('/api/messages?view=summary', { cache: 'no-store', headers });
  if (response.status === 304) return;
  const first = messages.length === 0;
  messages = await response.json();
  etag = response.headers.get('etag');
  showList();
  // Where there is room for both, the newest is open beside the list from the start.
  if (first && messages.length > 0 && !wanted() && matchMedia('(width > 46rem)').matches) {
    history.replaceState(null, '', `#${messages[0].id}`);
  }
  await showWanted();
}

function showList() {
  const filter = byId('filter').value.trim().toLowerCase();
  const shown = messages.filter((message) =>
    [message.subject, message.from, ...message.envelope.to].some((field) =>
      field?.toLowerCase().includes(filter),
    ),
  );
  const focused = document.activeElement?.dataset.id;
  byId('list').replaceChildren(...shown.map(entry));
  if (focused) byId('list').querySelector(`[data-id="${focused}"]`)?.focus();

  const empty = messages.length === 0;
  byId('count').textContent = messages.length === 1 ? '1 message' : `${messages.length} messages`;
  byId('no-match').hidden = empty || shown.length > 0;
  byId('filter').hidden = byId('clear').hidden = nav.hidden = empty;
  byId('welcome').hidden = !empty;
}

function entry(message) {
  const button = element('button', { type: 'button' }, [
    element('strong', {}, [message.subject || '(no subject)']),
    time(message.receivedAt),
    element('small', {}, [`to ${message.envelope.to.join(', ')}`]),
  ]);
  button.dataset.id = message.id;
  button.ariaCurrent = String(message.id === wanted());
  button.addEventListener('click', () => {
    location.hash = message.id;
  });
  return element('li', {}, [button]);
}

async function showWanted() {
  const id = wanted();
  for (const button of byId('list').querySelectorAll('button')) {
    button.ariaCurrent = String(button.dataset.id === id);
  }
  if (id !== opened?.id) {
    const response = id ? await fetch(`/api/messages/${encodeURIComponent(id)}`) : undefined;
    if (id !== wanted()) return; // another one was chosen meanwhile
    opened = response?.ok ? await response.json() : undefined;
    if (opened) await showMessage();
  } else if (opened && !messages.some((message) => message.id === id)) {
    opened = undefined;
  }
  main.classList.toggle('reading', opened !== undefined);
  byId('message').hidden = opened === undefined;
  byId('choose').hidden = opened !== undefined || messages.length === 0;
}

async function showMessage() {
  byId('subject').textContent = opened.subject || '(no subject)';
  const { from, to, envelope, receivedAt } = opened;
  const unnamed = envelope.to.filter((address) => !to.includes(address));
  byId('facts').replaceChildren(
    ...fact('From', from ?? envelope.from),
    ...fact('To', to.join(', ')),
    ...(unnamed.length > 0 ? fact('Also to', unnamed.join(', ')) : []),
    ...fact('Received', new Date(receivedAt).toLocaleString()),
  );
  byId('tab-html').disabled = opened.html === null;
  await showTab(opened.html === null && tab === 'html' ? 'text' : tab);
}

async function showTab(name) {
  const { id } = opened;
  for (const each of TABS) {
    const chosen = each === name;
    byId(`tab-${each}`).ariaSelected = String(chosen);
    byId(`tab-${each}`).tabIndex = chosen ? 0 : -1;
  }
  const panel = byId('panel');
  panel.setAttribute('aria-labelledby', `tab-${name}`);
  const alone = byId('alone');
  alone.hidden = name !== 'html' && name !== 'source';
  alone.href = `/api/messages/${id}/${name}`;
  const content = await parts[name](opened);
  if (id === opened?.id && byId(`tab-${name}`).ariaSelected === 'true') panel.replaceChildren(content);
  panel.scrollTop = 0;
}

const parts = {
  html: ({ id, subject }) => {
    const frame = element('iframe', { title: `HTML of ${subject}` }, []);
    frame.sandbox = ''; // before src: no script, no form, no link out
    frame.src = `/api/messages/${id}/html`;
    return frame;
  },
  text: ({ text }) =>
    text === null
      ? element('p', { className: 'quiet' }, ['This message has no text part.'])
      : element('pre', {}, withLinks(text)),
  headers: ({ headers }) =>
    element('table', {}, [
      element(
        'tbody',
        {},
        headers.map(({ name, value }) =>
          element('tr', {}, [element('th', { scope: 'row' }, [name]), element('td', {}, [value])]),
        ),
      ),
    ]),
  source: async ({ id }) => {
    const response = await fetch(`/api/messages/${id}/source`);
    return element('pre', {}, [response.ok ? await response.text() : 'This message is gone.']);
  },
};

/** The text with its web addresses made clickable; a capturing split gives text and address in turn. */
function withLinks(text) {
  return text
    .split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'])/)
    .map((piece, index) =>
      index % 2 === 0
        ? piece
        : element('a', { href: piece, target: '_blank', rel: 'noopener noreferrer' }, [piece]),
    );
}

function fact(name, value) {
  return [element('dt', {}, [name]), element('dd', {}, [value])];
}

function time(instant) {
  const date = new Date(instant);
  const today = date.toDateString() === new Date().toDateString();
  const short = today ? date.toLocaleTimeString() : date.toLocaleDateString();
  return element('time', { dateTime: instant, title: date.toLocaleString() }, [short]);
}

function element(name, properties, children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

for (const name of TABS) {
  byId(`tab-${name}`).addEventListener('click', () => {
    tab = name;
    void attempt(() => showTab(name));
  });
}

document.querySelector('[role=tablist]').addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  const usable = TABS.map((name) => byId(`tab-${name}`)).filter((button) => !button.disabled);
  const next = usable.at((usable.indexOf(document.activeElement) + step) % usable.length);
  next.focus();
  next.click();
});

byId('filter').addEventListener('input', showList);

byId('back').addEventListener('click', () => {
  location.hash = '';
});

byId('clear').addEventListener('click', () => {
  if (!confirm('Delete all messages of this inbox?')) return;
  void attempt(async () => {
    await fetch('/api/messages', { method: 'DELETE' });
    history.replaceState(null, '', '#');
    await refresh();
  });
});

addEventListener('hashchange', () => {
  const left = opened?.id;
  void attempt(async () => {
    await showWanted();
    // The keyboard goes where the eye goes: to the message, and back to the list.
    if (opened) byId('subject').focus();
    else byId('list').querySelector(`[data-id="${left}"]`)?.focus();
  });
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void attempt(refresh);
});

void poll();
