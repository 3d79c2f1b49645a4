// The part of the page that the path names: /account/verify-email shows #verify-email, and asks
// /v1/auth/verify-email. Relative, since a proxy may serve all of it under a folder.
const name = location.pathname.split('/').at(-1);
const route = new URL(`../v1/auth/${name}`, import.meta.url);
const part = document.getElementById(name);
const form = part.querySelector('form');
const button = form.querySelector('[type=submit]');
const failure = form.querySelector('.failure');
const inputs = [...form.querySelectorAll('input[name]')];

let token = '';

/** Takes the token out of the address bar, where the history and whoever looks on would find it. */
function begin() {
  token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  history.replaceState(null, '', location.pathname);
  // A part that needs no token has nothing to say about a missing one.
  show(token === '' && part.querySelector('[data-state=missing]') ? 'missing' : 'asking');
}

/** Shows what there is to read now, and returns its heading. */
function show(state) {
  for (const each of part.children) each.hidden = each.dataset.state !== state;
  part.hidden = false;
  const heading = part.querySelector(`[data-state=${state}] h1`);
  document.title = `${heading.textContent} · Tocsin`;
  return heading;
}

/** What the api says to what was filled in; what is empty is not sent. */
async function ask() {
  const filled = [...new FormData(form), ['token', token]].filter(([, value]) => value !== '');
  const response = await fetch(route, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(filled)),
    credentials: 'omit',
    signal: AbortSignal.timeout(30_000),
  });
  if (response.ok) return { state: 'done' };
  const { detail, errors = [] } = await response.json();
  if (response.status === 401 || errors.some(({ pointer }) => pointer === '/token'))
    return { state: 'refused' };
  const seconds = response.headers.get('retry-after');
  const later = `This is not possible now. Try again in ${Math.ceil(seconds / 60)} min.`;
  return { detail: seconds ? later : detail, errors };
}

async function submit() {
  tell();
  button.disabled = true;
  const unreachable = { detail: 'Tocsin cannot be reached. See whether you are online, and try again.' };
  const { state, detail, errors } = await ask().catch(() => unreachable);
  button.disabled = false;
  if (state === undefined) return tell(detail, errors);
  // What was typed must not stay in the page.
  form.reset();
  show(state).focus();
}

/** Puts each fault beside its field, or says in general what is wrong, and goes where it can be mended. */
function tell(detail = '', errors = []) {
  const faulty = inputs.filter((input) => {
    const faults = errors.filter(({ pointer }) => pointer === `/${input.name}`);
    document.getElementById(`${input.id}-fault`).textContent = faults.map((each) => each.detail).join(' ');
    input.ariaInvalid = String(faults.length > 0);
    return faults.length > 0;
  });
  failure.textContent = faulty.length > 0 ? '' : detail;
  if (detail !== '') (faulty[0] ?? button).focus();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void submit();
});
for (const box of form.querySelectorAll('[data-shows]')) {
  box.addEventListener('change', () => {
    document.getElementById(box.dataset.shows).type = box.checked ? 'text' : 'password';
  });
}
// Another link that is opened in the same tab.
addEventListener('hashchange', begin);
begin();
